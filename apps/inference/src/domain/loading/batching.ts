import { errors } from '../errors.ts';
import type { Invariance } from './invariance.ts';
import type { ModelSettings } from '../settings/model-settings.ts';
import { hasRows, type ModelSignature } from '../signature.ts';

/** How requests become batches. */
export interface Batching {
  /** Whether the leading dimension counts rows. */
  readonly rowed: boolean;
  /** Whether rows of several requests may share a batch; otherwise every request runs alone, whole. */
  readonly together: boolean;
  /** Most rows of a batch. */
  readonly maxRows: number;
  /** Rows that every batch is filled up to with copies of one of its own; 0: as many as there are. */
  readonly padRows: number;
}

/** Whether the leading dimension counts rows: the model's shapes allow it and its settings do not deny it. */
export function isRowed(signature: ModelSignature, { maxBatchRows }: ModelSettings): boolean {
  return maxBatchRows > 0 && hasRows(signature);
}

/**
 * Decides how a version's requests are batched. Rows share batches where the test found that neighbours do not change
 * an answer, or where the policy takes that into account.
 * @param invariance as found at the row count of a `pin` policy, where that is the policy.
 * @throws ServiceError INVARIANCE_REFUSED where the policy refuses rows whose answers depend on neighbours, or may.
 */
export function decideBatching(rowed: boolean, settings: ModelSettings, invariance: Invariance): Batching {
  const { invariance: policy, maxBatchRows } = settings;
  if (!rowed) return { rowed, together: false, maxRows: 1, padRows: 0 };
  if (invariance.class === 'INVARIANT' && invariance.rows === undefined) {
    return { rowed, together: true, maxRows: maxBatchRows, padRows: 0 };
  }
  switch (policy.kind) {
    case 'alone':
      return { rowed, together: false, maxRows: 1, padRows: 0 };
    case 'serve':
      return { rowed, together: true, maxRows: maxBatchRows, padRows: 0 };
    case 'pin':
      return { rowed, together: true, maxRows: policy.rows, padRows: policy.rows };
    case 'refuse':
      throw errors.INVARIANCE_REFUSED(
        invariance.class === 'VARIANT'
          ? `a row's answer changes by up to ${invariance.largestDifference} with its batch`
          : 'no rows are known to test whether answers depend on the batch',
      );
  }
}

const EFFECTS: Readonly<Record<ModelSettings['invariance']['kind'], string>> = {
  alone: 'every request runs alone',
  serve: 'requests share batches all the same',
  pin: 'every batch is filled up to one size',
  refuse: 'the load is refused',
};

/** What whoever runs a model should know of a version whose rows may not share batches without more ado. */
export interface VarianceNotice {
  readonly invariance: Invariance;
  readonly policy: ModelSettings['invariance']['kind'];
  /** What the policy does, and how to change it. */
  readonly effect: string;
}

/** Undefined where rows share batches and nothing comes of it, and where the model has no rows. */
export function varianceNotice(
  { rowed }: Batching,
  { invariance: { kind } }: ModelSettings,
  invariance: Invariance,
): VarianceNotice | undefined {
  if (!rowed || (invariance.class === 'INVARIANT' && invariance.rows === undefined)) return undefined;
  const effect = `${EFFECTS[kind]}; to change that, set the parameter plumbline.invariance in config.pbtxt`;
  return { invariance, policy: kind, effect };
}
