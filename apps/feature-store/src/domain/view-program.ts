import type { Value, ValueType } from '@plumbline/expressions';
import {
  composeKey,
  planWindows,
  SourceProgram,
  WindowFold,
  DAY_US,
  type KeyValue,
  type Micros,
  type SourceSpec,
  type TileSet,
  type WindowPlan,
} from '@plumbline/features';
import type { EntityDefinition, FeatureViewDefinition } from './definitions.ts';

/** One immutable version of a feature view with all that its meaning depends on. */
export interface ViewVersion {
  readonly viewId: number;
  readonly version: number;
  readonly view: FeatureViewDefinition;
  readonly entity: EntityDefinition;
  readonly source: SourceSpec;
}

/** Where a feature of a view comes from. */
export interface ViewOutput {
  readonly kind: 'window' | 'latest';
  /** Index among the view's windowed features, or among its latest columns. */
  readonly index: number;
  readonly type: ValueType;
}

/** Windows are kept online this much longer than they reach, so that slightly older instants can be answered. */
const RETENTION_SLACK_US = 2 * DAY_US;

/** A compiled view version: how rows of its source become entries of its entities, and what it serves. */
export class ViewProgram {
  readonly id: number;
  readonly name: string;
  readonly version: number;
  readonly ttlUs: number;
  readonly sourceName: string;
  readonly joinKeys: EntityDefinition['joinKeys'];
  /** The source as it was when this version was made. */
  readonly source: SourceProgram;
  /** Undefined without windowed features. */
  readonly plan: WindowPlan | undefined;
  readonly latestTypes: readonly ValueType[];
  readonly outputs: ReadonlyMap<string, ViewOutput>;
  /** How far before an entity's newest event its tiles are kept online. */
  readonly retentionUs: number;
  readonly #keySlots: readonly number[];
  readonly #measureSlots: readonly number[];
  readonly #latestSlots: readonly number[];
  readonly #fold: WindowFold | undefined;

  constructor(definition: ViewVersion, source: SourceProgram) {
    const { view, entity } = definition;
    const typeOf = (column: string): ValueType => source.columns.get(column)!;
    this.id = definition.viewId;
    this.name = view.name;
    this.version = definition.version;
    this.ttlUs = view.ttlUs;
    this.sourceName = view.source;
    this.joinKeys = entity.joinKeys;
    this.source = source;
    this.plan =
      view.features.length === 0
        ? undefined
        : planWindows(view.features, (column) => column !== '' && typeOf(column) === 'DOUBLE');
    this.latestTypes = view.latestColumns.map(typeOf);
    this.outputs = outputsOf(view, typeOf);
    this.retentionUs = (this.plan?.windowsUs.at(-1) ?? 0) + RETENTION_SLACK_US;
    this.#keySlots = entity.joinKeys.map((key) => source.slotOf(key.name));
    this.#measureSlots = (this.plan?.measures ?? []).map((measure) => source.slotOf(measure.column));
    this.#latestSlots = view.latestColumns.map((column) => source.slotOf(column));
    this.#fold = this.plan && new WindowFold(this.plan);
  }

  /** The entity that a row belongs to; undefined when a join key is NULL: the row says nothing about any entity. */
  entityKeyOf(row: readonly Value[]): string | undefined {
    const parts: KeyValue[] = [];
    for (const slot of this.#keySlots) {
      const part = row[slot]!;
      if (part === null) return undefined;
      parts.push(part);
    }
    return composeKey(parts);
  }

  /** Writes the aggregated columns of a row to `into` from `offset` on; NULL becomes NaN, BOOL 0 and 1. */
  measure(row: readonly Value[], into: Float64Array | number[], offset = 0): void {
    for (let i = 0; i < this.#measureSlots.length; i++) {
      const value = row[this.#measureSlots[i]!]!;
      into[offset + i] = value === null ? NaN : Number(value);
    }
  }

  /** Folds an entity's tiles [first, end) at an instant. The answer is valid until the next fold of this view. */
  fold(set: TileSet, first: number, end: number, at: Micros): Pick<WindowFold, 'values' | 'newest'> {
    if (this.#fold === undefined) throw new RangeError(`view ${this.name} has no windowed features`);
    this.#fold.at(set, first, end, at);
    return this.#fold;
  }

  latestValues(row: readonly Value[]): Value[] {
    return this.#latestSlots.map((slot) => row[slot]!);
  }
}

/** Compiles sources once per distinct specification, so that views and sources of one meaning share their work. */
export class SourcePrograms {
  readonly #programs = new Map<string, SourceProgram>();

  of(spec: SourceSpec): SourceProgram {
    const { name, columns, rowKey, eventTime, knownAt, derived } = spec;
    const identity = JSON.stringify([name, columns, rowKey, eventTime, knownAt, derived]);
    let program = this.#programs.get(identity);
    if (program === undefined) this.#programs.set(identity, (program = new SourceProgram(spec)));
    return program;
  }
}

function outputsOf(
  view: FeatureViewDefinition,
  typeOf: (column: string) => ValueType,
): Map<string, ViewOutput> {
  const windowed = view.features.map((feature, index): [string, ViewOutput] => [
    feature.name,
    { kind: 'window', index, type: typeOfAggregate(feature, typeOf) },
  ]);
  const latest = view.latestColumns.map((column, index): [string, ViewOutput] => [
    column,
    { kind: 'latest', index, type: typeOf(column) },
  ]);
  return new Map([...windowed, ...latest]);
}

function typeOfAggregate(
  feature: FeatureViewDefinition['features'][number],
  typeOf: (column: string) => ValueType,
): ValueType {
  if (feature.operation === 'count') return 'INT64';
  if (feature.operation === 'mean') return 'DOUBLE';
  const type = typeOf(feature.column);
  return type === 'BOOL' ? 'INT64' : type;
}
