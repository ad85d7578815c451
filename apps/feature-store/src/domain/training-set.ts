import type { Value, ValueType } from '@plumbline/expressions';
import type { Micros } from '@plumbline/features';
import type { Catalogue, ServicePlan } from './catalogue.ts';
import { errors } from './errors.ts';
import { featureValue, NEVER_SEEN, type EntityAnswer } from './feature-value.ts';
import { latestVisible } from './latest-visible.ts';
import type { HistoryStore } from './history-store.ts';
import { readHistory } from './read-history.ts';
import { SourceHistory, type ViewHistory } from './source-history.ts';
import { Spine, type SpineRequest } from './spine.ts';

export interface TrainingSetRequest {
  readonly tenant: string;
  readonly featureService: string;
  /** 0: the newest. */
  readonly featureServiceVersion: number;
  readonly spineSource: string;
  readonly spine: SpineRequest;
  /** Rows and labels known later do not count; 0: no cut. */
  readonly knownBy: Micros;
  /** Commit number to build from; 0: the newest. */
  readonly watermark: number;
}

/** A column of a data set; `value(i)` for row i. */
export interface DatasetColumn {
  readonly name: string;
  readonly type: ValueType;
  readonly value: (row: number) => Value;
}

/** Writes columns as an immutable object: equal values give equal digests. */
export interface DatasetStore {
  write(columns: readonly DatasetColumn[], rowCount: number): Promise<{ digest: string; sizeBytes: number }>;
}

export interface Dataset {
  readonly digest: string;
  readonly sizeBytes: number;
  readonly rows: number;
  readonly positives: number;
  readonly featureServiceVersion: number;
  readonly viewVersions: Readonly<Record<string, number>>;
  readonly features: readonly string[];
  /** Name of the source of each feature; "request" for request views. */
  readonly featureSources: readonly string[];
  readonly watermark: number;
}

export interface TrainingSetProgress {
  readonly rowsDone: number;
  readonly rowsTotal: number;
  readonly dataset: Dataset | undefined;
}

/**
 * Builds a point-in-time training set: each spine row with the features of its entities as of its own instant, by the
 * same tiles and the same fold that online reads use. Yields progress over rows read and rows computed.
 */
export async function* buildTrainingSet(
  stores: { readonly history: HistoryStore; readonly datasets: DatasetStore },
  catalogue: Catalogue,
  request: TrainingSetRequest,
): AsyncGenerator<TrainingSetProgress> {
  const plan = catalogue.service(request.featureService, request.featureServiceVersion);
  const sourceNames = [...new Set([request.spineSource, ...plan.views.map((view) => view.sourceName)])];
  const watermark = await watermarkOf(stores.history, request, sourceNames);
  const { spine, columns } = yield* computeColumns(
    stores.history,
    catalogue,
    request,
    plan,
    sourceNames,
    watermark,
  );
  const rows = spine.instants.length;
  const written = await stores.datasets.write(columns, rows);
  yield { rowsDone: rows, rowsTotal: rows, dataset: { ...describe(plan, spine), ...written, watermark } };
}

/** Reads history and computes all columns. What it holds of history is let go when it returns, before the writing. */
async function* computeColumns(
  store: HistoryStore,
  catalogue: Catalogue,
  request: TrainingSetRequest,
  plan: ServicePlan,
  sourceNames: readonly string[],
  watermark: number,
): AsyncGenerator<TrainingSetProgress, { spine: Spine; columns: DatasetColumn[] }> {
  const { tenant, knownBy } = request;
  const histories = new Map(
    sourceNames.map((name) => {
      const views = plan.views.filter((view) => view.sourceName === name);
      return [name, new SourceHistory(catalogue.source(name), views)];
    }),
  );
  const viewHistories = plan.views.map((view) => findView(histories, view.name));
  const spine = new Spine(catalogue.source(request.spineSource), plan, request.spine, (view, key) =>
    viewHistories[view]!.codeOf(key),
  );
  for (const [name, history] of histories) {
    const sinks = name === request.spineSource ? [history, spine] : [history];
    const range = { tenant, source: catalogue.source(name), watermark, knownBy };
    for await (const _ of readHistory(store, range, sinks)) {
      yield { rowsDone: 0, rowsTotal: 0, dataset: undefined };
    }
  }
  const order = spine.order();
  const features = requestColumns(plan, spine, order);
  for (const [place, history] of viewHistories.entries()) {
    const source = histories.get(history.view.sourceName)!;
    features.push(...computeView(plan, place, history, source, spine, order));
    const share = (place + 1) / (viewHistories.length + 1);
    yield { rowsDone: Math.floor(order.length * share), rowsTotal: order.length, dataset: undefined };
  }
  return { spine, columns: [...spineColumns(spine, order), ...inServiceOrder(plan, features)] };
}

/** The watermark asked for, which must have been reached, or the newest. */
async function watermarkOf(
  history: HistoryStore,
  { tenant, watermark }: TrainingSetRequest,
  sources: readonly string[],
): Promise<number> {
  const watermarks: number[] = [];
  for (const source of sources) watermarks.push(await history.watermark(tenant, source));
  const newest = Math.min(...watermarks);
  if (watermark < 0 || watermark > newest) {
    throw errors.SPINE_INVALID(`watermark ${watermark} was not reached; the newest is ${newest}`);
  }
  return watermark === 0 ? newest : watermark;
}

function findView(histories: ReadonlyMap<string, SourceHistory>, name: string): ViewHistory {
  for (const history of histories.values()) {
    const found = history.views.find(({ view }) => view.name === name);
    if (found !== undefined) return found;
  }
  throw new RangeError(`no history of view ${name}`);
}

/** The features of one view for all spine rows: NULL wherever a read would not answer PRESENT. */
function computeView(
  plan: ServicePlan,
  place: number,
  history: ViewHistory,
  source: SourceHistory,
  spine: Spine,
  order: Uint32Array,
): DatasetColumn[] {
  const { view } = history;
  const wanted = plan.features.flatMap((feature) =>
    feature.kind !== 'request' && feature.view === place ? [feature] : [],
  );
  const columns = wanted.map(({ type }) => featureColumn(type, order.length));
  const answerAt = answerer(history, source);
  const entities = spine.entities[place]!.view();
  const instants = spine.instants.view();
  for (const row of rowsByEntity(entities, order, history.entityCount)) {
    const at = instants[order[row]!]!;
    const answer = answerAt(entities[order[row]!]!, at);
    for (let i = 0; i < wanted.length; i++) {
      const { value, status } = featureValue(wanted[i]!, answer, at, view.ttlUs);
      columns[i]!.set(row, status === 'PRESENT' ? value : null);
    }
  }
  return wanted.map(({ name, type }, index) => ({ name, type, value: columns[index]!.get }));
}

/** Rows of the data set, entity by entity and in order of time within one, so that an entity's tiles stay in cache. */
function rowsByEntity(entities: Float64Array, order: Uint32Array, entityCount: number): Uint32Array {
  const begins = new Uint32Array(entityCount + 1);
  for (const spineRow of order) begins[entities[spineRow]! + 1]!++;
  for (let entity = 0; entity < entityCount; entity++) begins[entity + 1]! += begins[entity]!;
  const rows = new Uint32Array(order.length);
  order.forEach((spineRow, row) => (rows[begins[entities[spineRow]!]!++] = row));
  return rows;
}

interface FeatureColumn {
  readonly set: (row: number, value: Value) => void;
  readonly get: (row: number) => Value;
}

/** A column of known length; numbers lie unboxed, NaN standing for NULL, which no feature's value is. */
function featureColumn(type: ValueType, length: number): FeatureColumn {
  if (type === 'STRING' || type === 'BOOL') {
    const values: Value[] = [];
    return { set: (row, value) => (values[row] = value), get: (row) => values[row]! };
  }
  const numbers = new Float64Array(length);
  return {
    set: (row, value) => (numbers[row] = value === null ? NaN : (value as number)),
    get: (row) => (Number.isNaN(numbers[row]) ? null : numbers[row]!),
  };
}

/** Answers for entities of a view at any instant. The answer is valid until the next one. */
function answerer(history: ViewHistory, source: SourceHistory): (entity: number, at: Micros) => EntityAnswer {
  const { view } = history;
  history.sortLatest();
  const latestOf = (entity: number, at: Micros): EntityAnswer['latest'] =>
    view.latestTypes.length === 0 ? 'none' : latestVisible(history.latestRows(entity), at);
  if (view.plan === undefined) {
    return (entity, at) => {
      const latest = latestOf(entity, at);
      return { isSeen: latest !== 'none', windows: [], latest, knownAt: 0, sequence: 0 };
    };
  }
  const tiles = source.tiles(history);
  return (entity, at) => {
    if (entity === 0 || !(tiles.firstSeen[entity]! <= at)) return NEVER_SEEN;
    const latest = latestOf(entity, at);
    const folded = view.fold(tiles.set, tiles.tileBegins[entity]!, tiles.tileBegins[entity + 1]!, at);
    return { isSeen: true, windows: folded.values, latest, knownAt: folded.newest, sequence: 0 };
  };
}

function requestColumns(plan: ServicePlan, spine: Spine, order: Uint32Array): DatasetColumn[] {
  return plan.features
    .filter((feature) => feature.kind === 'request')
    .map(({ name, type }, index) => ({
      name,
      type,
      value: (row) => spine.requestFeatures[index]![order[row]!]!,
    }));
}

function spineColumns(spine: Spine, order: Uint32Array): DatasetColumn[] {
  const instants = spine.instants.view();
  const labels = spine.labels.view();
  return [
    { name: 'row_key', type: spine.rowKeyType, value: (row) => spine.rowKeys[order[row]!]! },
    { name: 'instant_us', type: 'INT64', value: (row) => instants[order[row]!]! },
    { name: 'label', type: 'DOUBLE', value: (row) => labels[order[row]!]! },
  ];
}

function inServiceOrder(plan: ServicePlan, columns: readonly DatasetColumn[]): DatasetColumn[] {
  const byName = new Map(columns.map((column) => [column.name, column]));
  return plan.features.map(({ name }) => byName.get(name)!);
}

function describe(plan: ServicePlan, spine: Spine): Omit<Dataset, 'digest' | 'sizeBytes' | 'watermark'> {
  const labels = spine.labels.view();
  return {
    rows: labels.length,
    positives: labels.reduce((count, label) => count + (label === 0 ? 0 : 1), 0),
    featureServiceVersion: plan.version,
    viewVersions: Object.fromEntries(
      [...plan.views, ...plan.requests].map(({ name, version }) => [name, version]),
    ),
    features: plan.features.map(({ name }) => name),
    featureSources: plan.features.map((feature) =>
      feature.kind === 'request' ? 'request' : plan.views[feature.view]!.sourceName,
    ),
  };
}
