import type { Value } from '@plumbline/expressions';
import {
  compareVersions,
  NEVER,
  supersededFrom,
  tileHistory,
  visibleFrom,
  type Entries,
  type HistoryTiles,
  type LatestRow,
  type Micros,
  type RowVersion,
} from '@plumbline/features';
import type { SourcePlan } from './catalogue.ts';
import { GrowingColumn } from './growing-column.ts';
import type { PastRow } from './history-store.ts';
import type { HistorySink } from './read-history.ts';
import { valuesFor } from './route-rows.ts';
import type { ViewProgram } from './view-program.ts';

/** Entity code of rows with a NULL join key: they belong to nobody. */
const NOBODY = 0;

/**
 * The history of one source in memory, arranged for the views that are to be computed from it: instants shared,
 * per view an entity number and the aggregated values of every row.
 */
export class SourceHistory implements HistorySink {
  readonly views: readonly ViewHistory[];
  readonly #source: SourcePlan;
  readonly #event = new GrowingColumn();
  readonly #from = new GrowingColumn();
  readonly #until = new GrowingColumn();
  readonly #sequence = new GrowingColumn();
  readonly #versions = new Map<number, readonly RowVersion[]>();

  constructor(source: SourcePlan, views: readonly ViewProgram[]) {
    this.#source = source;
    this.views = views.map((view) => new ViewHistory(view));
  }

  get rowCount(): number {
    return this.#event.length;
  }

  take(versions: readonly PastRow[], values: readonly (readonly Value[])[]): void {
    const untils = versions.length === 1 ? [NEVER] : supersededFrom(versions);
    if (versions.length > 1) {
      const kept = versions.map(({ event, known, sequence }) => ({ event, known, sequence }));
      versions.forEach((_, index) => this.#versions.set(this.rowCount + index, kept));
    }
    versions.forEach((version, index) => this.#add(version, values[index]!, untils[index]!));
  }

  #add(row: PastRow, values: readonly Value[], until: Micros): void {
    this.#event.push(row.event);
    this.#from.push(visibleFrom(row));
    this.#until.push(until);
    this.#sequence.push(row.sequence);
    for (const history of this.views) history.add(row, valuesFor(this.#source, history.view, values));
  }

  /** Tiles of every entity of a view; entity numbers are {@link ViewHistory.codeOf}'s. */
  tiles(history: ViewHistory): HistoryTiles {
    return tileHistory(history.view.plan!, history.entities(), history.entityCount, {
      ...this.instants(),
      values: history.values(),
    });
  }

  /** Event, visible-from, superseded-from and sequence of every row. */
  instants(): Omit<Entries, 'values'> {
    return {
      event: this.#event.view(),
      from: this.#from.view(),
      until: this.#until.view(),
      sequence: this.#sequence.view(),
    };
  }

  /** All versions of the row that row number `row` is one of; undefined when it is the only one. */
  versionsOf(row: number): readonly RowVersion[] | undefined {
    return this.#versions.get(row);
  }
}

/** What one view makes of its source's history. */
export class ViewHistory {
  readonly view: ViewProgram;
  readonly #codes = new Map<string, number>();
  readonly #entity = new GrowingColumn();
  readonly #values = new GrowingColumn();
  readonly #latest: LatestRow[][] = [];
  readonly #measures: number[];

  constructor(view: ViewProgram) {
    this.view = view;
    this.#measures = (view.plan?.measures ?? []).map(() => NaN);
  }

  get entityCount(): number {
    return this.#codes.size + 1;
  }

  add(row: PastRow, values: readonly Value[]): void {
    const key = this.view.entityKeyOf(values);
    const code = key === undefined ? NOBODY : this.codeOf(key);
    this.#entity.push(code);
    this.view.measure(values, this.#measures);
    for (const measure of this.#measures) this.#values.push(measure);
    if (this.view.latestTypes.length === 0) return;
    const { event, known, sequence } = row;
    (this.#latest[code] ??= []).push({ event, known, sequence, values: this.view.latestValues(values) });
  }

  /** Number of an entity, from 1 on; entities get theirs when first mentioned, by a row or by a question. */
  codeOf(key: string): number {
    let code = this.#codes.get(key);
    if (code === undefined) this.#codes.set(key, (code = this.#codes.size + 1));
    return code;
  }

  /** Number of an entity that a row mentioned; undefined when none did. */
  findCode(key: string): number | undefined {
    return this.#codes.get(key);
  }

  entities(): Uint32Array {
    return Uint32Array.from(this.#entity.view());
  }

  values(): Float64Array {
    return this.#values.view();
  }

  /** An entity's rows, greatest first. */
  latestRows(code: number): readonly LatestRow[] {
    return this.#latest[code] ?? [];
  }

  sortLatest(): void {
    for (const rows of this.#latest) rows?.sort((a, b) => compareVersions(b, a));
  }
}
