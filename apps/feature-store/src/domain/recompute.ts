import type { Value } from '@plumbline/expressions';
import {
  NEVER,
  supersededFrom,
  tileHistory,
  visibleFrom,
  type LatestRow,
  type Micros,
  type RowVersion,
} from '@plumbline/features';
import type { Catalogue, ServicePlan } from './catalogue.ts';
import { entityKey, requestRows, type EntityRequest } from './entity-request.ts';
import { errors } from './errors.ts';
import { NEVER_SEEN, type EntityAnswer } from './feature-value.ts';
import type { HistoryStore, PastRow } from './history-store.ts';
import { latestVisible } from './latest-visible.ts';
import { assembleVector, type FeatureVector } from './online-features.ts';
import { readHistory, type HistorySink } from './read-history.ts';
import { valuesFor } from './route-rows.ts';
import type { SourcePlan } from './catalogue.ts';
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
  const keys = vectors.map(({ request }) => plan.views.map((view) => entityKey(view, request)));
  const histories = await readEntities(store, catalogue, tenant, plan, keys);
  return vectors.map(({ request, sequences }, index) => {
    const answers = plan.views.map((view, place) => {
      const rows = histories[place]!.rowsOf(keys[index]![place]!);
      return answerPast(view, rows, sequences[view.name] ?? 0, request.at);
    });
    return assembleVector(plan, answers, requestRows(plan, request), request.at);
  });
}

async function readEntities(
  store: HistoryStore,
  catalogue: Catalogue,
  tenant: string,
  plan: ServicePlan,
  keys: readonly (readonly string[])[],
): Promise<EntityHistories[]> {
  const histories = plan.views.map((view, place) => {
    const wanted = new Set(keys.map((row) => row[place]!));
    return new EntityHistories(catalogue.source(view.sourceName), view, wanted);
  });
  for (const name of new Set(plan.views.map((view) => view.sourceName))) {
    const source = catalogue.source(name);
    const watermark = await store.watermark(tenant, name);
    const sinks = histories.filter((history) => history.view.sourceName === name);
    for await (const _ of readHistory(store, { tenant, source, watermark, knownBy: 0 }, sinks));
    for (const history of sinks) history.sort();
  }
  return histories;
}

/** A past row of an entity with what its view takes from it. */
interface EntityRow extends RowVersion {
  readonly measures: readonly number[];
  readonly latest: readonly Value[];
  /** Rows of one group are versions of one another; -1: the only version. */
  readonly group: number;
}

/** The complete history of some entities of one view. */
class EntityHistories implements HistorySink {
  readonly view: ViewProgram;
  readonly #source: SourcePlan;
  readonly #rows: ReadonlyMap<string, EntityRow[]>;
  #groups = 0;

  constructor(source: SourcePlan, view: ViewProgram, keys: ReadonlySet<string>) {
    this.view = view;
    this.#source = source;
    this.#rows = new Map([...keys].map((key) => [key, []]));
  }

  take(versions: readonly PastRow[], values: readonly (readonly Value[])[]): void {
    const group = versions.length === 1 ? -1 : this.#groups++;
    versions.forEach(({ event, known, sequence }, index) => {
      const row = valuesFor(this.#source, this.view, values[index]!);
      const key = this.view.entityKeyOf(row);
      const rows = key === undefined ? undefined : this.#rows.get(key);
      if (rows === undefined) return;
      const measures: number[] = [];
      this.view.measure(row, measures);
      rows.push({ event, known, sequence, group, measures, latest: this.view.latestValues(row) });
    });
  }

  /** Orders every entity's rows by event; call it once all were taken. */
  sort(): void {
    for (const rows of this.#rows.values()) rows.sort((a, b) => a.event - b.event || a.sequence - b.sequence);
  }

  rowsOf(key: string): readonly EntityRow[] {
    return this.#rows.get(key)!;
  }
}

function answerPast(
  view: ViewProgram,
  rows: readonly EntityRow[],
  sequence: number,
  at: Micros,
): EntityAnswer {
  const isThen = (row: EntityRow): boolean => row.sequence <= sequence;
  if (!rows.some((row) => isThen(row) && visibleFrom(row) <= at)) return { ...NEVER_SEEN, sequence };
  const latest = view.latestTypes.length === 0 ? 'none' : latestOf(rows.filter(isThen), at);
  const knownLatest = latest === 'none' ? 0 : latest.known;
  if (view.plan === undefined) return { isSeen: true, windows: [], latest, knownAt: knownLatest, sequence };
  const after = firstAfter(rows, at - view.plan.windowsUs.at(-1)!);
  const inReach = rows.slice(after, firstAfter(rows, at)).filter(isThen);
  const { set } = tileHistory(view.plan, new Uint32Array(inReach.length), 1, entriesOf(inReach));
  const { values, newest } = view.fold(set, 0, set.starts.length, at);
  const knownAt = Math.max(knownLatest, newest, 0);
  return { isSeen: true, windows: Array.from(values), latest, knownAt, sequence };
}

function latestOf(rows: readonly EntityRow[], at: Micros): LatestRow | 'none' {
  const versions = rows.map(({ event, known, sequence, latest }) => ({
    event,
    known,
    sequence,
    values: latest,
  }));
  return latestVisible(
    versions.sort((a, b) => b.event - a.event || b.known - a.known || b.sequence - a.sequence),
    at,
  );
}

/**
 * Rows in reach of a fold as its columns. A version gives way only to versions with a later event, which are in reach
 * whenever they are visible, so the group's other versions need not be looked for.
 */
function entriesOf(rows: readonly EntityRow[]) {
  const groups = Map.groupBy(rows, (row) => row.group);
  const untils = new Map<EntityRow, Micros>();
  for (const [group, versions] of groups) {
    if (group < 0) continue;
    supersededFrom(versions).forEach((until, index) => untils.set(versions[index]!, until));
  }
  return {
    event: Float64Array.from(rows, (row) => row.event),
    from: Float64Array.from(rows, visibleFrom),
    until: Float64Array.from(rows, (row) => untils.get(row) ?? NEVER),
    sequence: Float64Array.from(rows, (row) => row.sequence),
    values: Float64Array.from(rows.flatMap((row) => row.measures)),
  };
}

/** Index of the first row whose event is after `instant`; rows are in event order. */
function firstAfter(rows: readonly RowVersion[], instant: Micros): number {
  let [low, high] = [0, rows.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (rows[middle]!.event > instant) high = middle;
    else low = middle + 1;
  }
  return low;
}
