import { baselinesOf, type ColumnDrift } from '@plumbline/statistics';
import { errors } from './errors.ts';
import { judgeWindow, type WindowCells } from './judge-window.ts';
import type { Versions } from './monitored-version.ts';
import { EVALUATION_STEP_US } from './policy.ts';
import type { VersionSpan } from './take-predictions.ts';
import type { DigestWindow } from './watch-drift.ts';

export interface DriftQuery {
  readonly model: string;
  /** Undefined: the version with the newest prediction. */
  readonly digest: string | undefined;
  /** From inclusive, to exclusive; undefined: one block of the baseline up to the newest prediction. */
  readonly fromUs: bigint | undefined;
  readonly toUs: bigint | undefined;
}

export interface DriftStore {
  spans(tenant: string, model: string, sinceUs: bigint): Promise<VersionSpan[]>;
  sumCells(tenant: string, model: string, window: DigestWindow): Promise<WindowCells>;
}

export interface MeasuredDrift {
  readonly window: DigestWindow;
  readonly columns: readonly (ColumnDrift & { readonly nearestFromUs: bigint })[];
}

/**
 * Drift of one version's columns in a window of whole steps. Throws VERSION_NOT_SEEN, BASELINE_MISSING and
 * RANGE_INVALID.
 */
export async function measureDrift(
  store: DriftStore,
  versions: Versions,
  tenant: string,
  query: DriftQuery,
): Promise<MeasuredDrift> {
  const span = await findSpan(store, tenant, query);
  const { profile } = await versions.get(tenant, query.model, span.digest);
  if (profile === undefined) {
    throw errors.BASELINE_MISSING(`version ${span.digest} of "${query.model}" has no baseline`, {
      metadata: { digest: span.digest },
    });
  }
  const window = windowOf(query, span, profile.blockUs);
  const columns = baselinesOf(profile, window.toUs - window.fromUs);
  const verdicts = judgeWindow(columns, await store.sumCells(tenant, query.model, window));
  const firstStep = profile.fromUs / profile.stepUs;
  const startOf = (step: number | undefined): bigint =>
    step === undefined ? 0n : (firstStep + BigInt(step)) * profile.stepUs;
  return {
    window,
    columns: verdicts.map((verdict) => ({ ...verdict, nearestFromUs: startOf(verdict.nearestStep) })),
  };
}

async function findSpan(store: DriftStore, tenant: string, query: DriftQuery): Promise<VersionSpan> {
  const spans = await store.spans(tenant, query.model, 0n);
  const matching = spans.filter(({ digest }) => query.digest === undefined || digest === query.digest);
  const [newest] = matching.toSorted((left, right) => (left.lastUs > right.lastUs ? -1 : 1));
  if (newest !== undefined) return newest;
  throw errors.VERSION_NOT_SEEN(`no prediction of "${query.model}" matches`, {
    metadata: { model: query.model, ...(query.digest === undefined ? {} : { digest: query.digest }) },
  });
}

function windowOf(query: DriftQuery, span: VersionSpan, blockUs: bigint): DigestWindow {
  const toUs = roundUp(query.toUs ?? span.lastUs + 1n);
  const from = query.fromUs ?? toUs - blockUs;
  const fromUs = from - (from % EVALUATION_STEP_US);
  if (fromUs < 0n || fromUs >= toUs) throw errors.RANGE_INVALID('the range holds no instant');
  return { digest: span.digest, fromUs, toUs };
}

function roundUp(us: bigint): bigint {
  const remainder = us % EVALUATION_STEP_US;
  return remainder === 0n ? us : us - remainder + EVALUATION_STEP_US;
}
