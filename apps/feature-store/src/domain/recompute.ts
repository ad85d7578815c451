import {
  NEVER,
  orderByEntity,
  supersededFrom,
  tileHistory,
  type Entries,
  type EntityOrder,
  type Micros,
} from '@plumbline/features';
import type { Catalogue, ServicePlan } from './catalogue.ts';
import { entityKey, requestRows, type EntityRequest } from './entity-request.ts';
import { errors } from './errors.ts';
import { NEVER_SEEN, type EntityAnswer } from './feature-value.ts';
import type { HistoryStore } from './history-store.ts';
import { latestVisible } from './latest-visible.ts';
import { assembleVector, type FeatureVector } from './online-features.ts';
import { readHistory } from './read-history.ts';
import { SourceHistory, type ViewHistory } from './source-history.ts';
import type { ViewProgram } from './view-program.ts';

/** A vector as it was served: what was asked, and every view's sequence at the time, by view name. */
export interface ServedVector {
  readonly request: EntityRequest;
  readonly sequences: Readonly<Record<string, number>>;
}

const MAX_VECTORS = 10_000;

/**
 * Recomputes served vectors from history alone. A view's rows are cut at the recorded sequence, so that what arrived
 * after the vector was served does not count; no online state is read, which makes the comparison a proof.
 */
export async function recomputeFeatures(
  store: HistoryStore,
  catalogue: Catalogue,
  tenant: string,
  plan: ServicePlan,
  vectors: readonly ServedVector[],
): Promise<FeatureVector[]> {
  if (vectors.length === 0 || vectors.length > MAX_VECTORS) {
    throw errors.VECTORS_INVALID(`1 to ${MAX_VECTORS} vectors may be recomputed, not ${vectors.length}`);
  }
  const pasts = await readPast(store, catalogue, tenant, plan);
  return vectors.map(({ request, sequences }) => {
    const answers = plan.views.map((view, place) => {
      const key = entityKey(view, request);
      return pasts[place]!.answer(key, sequences[view.name] ?? 0, request.at);
    });
    return assembleVector(plan, answers, requestRows(plan, request), request.at);
  });
}

async function readPast(
  store: HistoryStore,
  catalogue: Catalogue,
  tenant: string,
  plan: ServicePlan,
): Promise<ViewPast[]> {
  const pasts = new Map<ViewProgram, ViewPast>();
  for (const name of new Set(plan.views.map((view) => view.sourceName))) {
    const source = catalogue.source(name);
    const views = plan.views.filter((view) => view.sourceName === name);
    const history = new SourceHistory(source, views);
    const watermark = await store.watermark(tenant, name);
    for await (const _ of readHistory(store, { tenant, source, watermark, knownBy: 0 }, [history]));
    views.forEach((view, index) => pasts.set(view, new ViewPast(history, history.views[index]!)));
  }
  return plan.views.map((view) => pasts.get(view)!);
}

/** One view's history by entity, to be asked for any past state of it. */
class ViewPast {
  readonly #source: SourceHistory;
  readonly #history: ViewHistory;
  readonly #rows: Omit<Entries, 'values'>;
  readonly #values: Float64Array;
  readonly #order: EntityOrder;

  constructor(source: SourceHistory, history: ViewHistory) {
    history.sortLatest();
    this.#source = source;
    this.#history = history;
    this.#rows = source.instants();
    this.#values = history.values();
    this.#order = orderByEntity(history.entities(), history.entityCount, this.#rows.event);
  }

  /** What the view answered at `at` when `sequence` was the newest of the entity's rows. */
  answer(key: string, sequence: number, at: Micros): EntityAnswer {
    const { view } = this.#history;
    const code = this.#history.findCode(key);
    if (code === undefined) return { ...NEVER_SEEN, sequence };
    const rows = this.#order.order.subarray(this.#order.begins[code], this.#order.begins[code + 1]);
    const isThen = (row: number): boolean => this.#rows.sequence[row]! <= sequence;
    if (!rows.some((row) => isThen(row) && this.#rows.from[row]! <= at)) return { ...NEVER_SEEN, sequence };
    const latest = view.latestTypes.length === 0 ? 'none' : this.#latest(code, sequence, at);
    const knownLatest = latest === 'none' ? 0 : latest.known;
    if (view.plan === undefined) return { isSeen: true, windows: [], latest, knownAt: knownLatest, sequence };
    const after = this.#firstAfter(rows, at - view.plan.windowsUs.at(-1)!);
    const inReach = rows.subarray(after, this.#firstAfter(rows, at)).filter(isThen);
    const { set } = tileHistory(
      view.plan,
      new Uint32Array(inReach.length),
      1,
      this.#entries(inReach, sequence),
    );
    const { values, newest } = view.fold(set, 0, set.starts.length, at);
    const knownAt = Math.max(knownLatest, newest, 0);
    return { isSeen: true, windows: Array.from(values), latest, knownAt, sequence };
  }

  #latest(code: number, sequence: number, at: Micros): EntityAnswer['latest'] {
    const rows = this.#history.latestRows(code).filter((row) => row.sequence <= sequence);
    return latestVisible(rows, at);
  }

  #entries(rows: Uint32Array, sequence: number): Entries {
    const width = this.#history.view.plan!.measures.length;
    const values = new Float64Array(rows.length * width);
    rows.forEach((row, index) =>
      values.set(this.#values.subarray(row * width, (row + 1) * width), index * width),
    );
    return {
      event: Float64Array.from(rows, (row) => this.#rows.event[row]!),
      from: Float64Array.from(rows, (row) => this.#rows.from[row]!),
      until: Float64Array.from(rows, (row) => this.#until(row, sequence)),
      sequence: Float64Array.from(rows, (row) => this.#rows.sequence[row]!),
      values,
    };
  }

  /** When a row gives way, among the versions that there were. */
  #until(row: number, sequence: number): Micros {
    const versions = this.#source.versionsOf(row)?.filter((version) => version.sequence <= sequence);
    if (versions === undefined) return NEVER;
    const place = versions.findIndex((version) => version.sequence === this.#rows.sequence[row]);
    return supersededFrom(versions)[place]!;
  }

  /** Index of the first of the rows, which are in event order, whose event is after `instant`. */
  #firstAfter(rows: Uint32Array, instant: Micros): number {
    let [low, high] = [0, rows.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#rows.event[rows[middle]!]! > instant) high = middle;
      else low = middle + 1;
    }
    return low;
  }
}
