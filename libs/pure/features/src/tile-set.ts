import { addEntry, clearPartial, finishAggregate, mergePartial, type Entries } from './partial.ts';
import type { Micros } from './instants.ts';
import { NEWEST_SLOT, type WindowPlan } from './window-plan.ts';

/**
 * Tiles of one or more entities as columns, ascending by start within an entity. Online reads decode theirs from
 * storage; training sets and recomputation build theirs from history: all are folded by {@link WindowFold}.
 */
export interface TileSet {
  readonly starts: Float64Array;
  /** From this instant on the tile's partial holds: all its rows are visible or superseded for good. */
  readonly settled: Float64Array;
  /** One partial of `plan.stride` numbers per tile: the rows that stand once the tile is settled. */
  readonly partials: Float64Array;
  /** Tile i holds the entries [begins[i], begins[i + 1]). */
  readonly begins: Uint32Array;
  readonly entries: Entries;
}

/** Fills settled instants and partials from the entries: the one place where tiles are summed up. */
export function summariseTile(
  plan: WindowPlan,
  set: Pick<TileSet, 'settled' | 'partials' | 'begins' | 'entries'>,
  tile: number,
): void {
  const base = tile * plan.stride;
  const { from, until } = set.entries;
  let settled = -Infinity;
  clearPartial(plan, set.partials, base);
  for (let i = set.begins[tile]!; i < set.begins[tile + 1]!; i++) {
    settled = Math.max(settled, from[i]!);
    if (until[i] === Infinity) addEntry(plan, set.partials, base, set.entries, i);
    else settled = Math.max(settled, until[i]!);
  }
  set.settled[tile] = settled;
}

/**
 * The one fold: all windowed features of an entity at an instant. Whole tiles enter as partials; the tile that a
 * window's lower bound cuts, and tiles not settled yet, enter row by row, so answers are exact. Reusable scratch
 * space: not for concurrent use.
 */
export class WindowFold {
  /** Answers of the last fold in the order of the plan's aggregates; NaN is NULL. */
  readonly values: Float64Array;
  /** Latest visible-from instant among the rows of the longest window; -Infinity: no rows. */
  newest: Micros = -Infinity;
  readonly #plan: WindowPlan;
  readonly #running: Float64Array;
  readonly #tail: Float64Array;

  constructor(plan: WindowPlan) {
    this.#plan = plan;
    this.values = new Float64Array(plan.aggregates.length);
    this.#running = new Float64Array(plan.stride);
    this.#tail = new Float64Array(plan.stride);
  }

  /** Folds the tiles [first, end) of `set`, which are one entity's, over every window (at - length, at]. */
  at(set: TileSet, first: number, end: number, at: Micros): void {
    const { windowsUs, stride, tileUs } = this.#plan;
    let window = 0;
    clearPartial(this.#plan, this.#running);
    for (let tile = tilesUpTo(set, first, end, at) - 1; tile >= first && window < windowsUs.length; tile--) {
      const start = set.starts[tile]!;
      while (window < windowsUs.length && start <= at - windowsUs[window]!) {
        this.#tail.set(this.#running);
        const after = at - windowsUs[window]!;
        if (start + tileUs > after) this.#addRows(this.#tail, set, tile, after, at);
        this.#finish(window++, this.#tail);
      }
      if (window === windowsUs.length) return;
      if (set.settled[tile]! <= at) mergePartial(this.#plan, this.#running, 0, set.partials, tile * stride);
      else this.#addRows(this.#running, set, tile, -Infinity, at);
    }
    while (window < windowsUs.length) this.#finish(window++, this.#running);
  }

  #addRows(into: Float64Array, set: TileSet, tile: number, after: Micros, at: Micros): void {
    const { event, from, until } = set.entries;
    const end = set.begins[tile + 1]!;
    for (let i = set.begins[tile]!; i < end; i++) {
      if (event[i]! > after && from[i]! <= at && at < until[i]!)
        addEntry(this.#plan, into, 0, set.entries, i);
    }
  }

  #finish(window: number, partial: Float64Array): void {
    const { aggregates } = this.#plan;
    for (let i = 0; i < aggregates.length; i++) {
      const aggregate = aggregates[i]!;
      if (aggregate.window === window) this.values[i] = finishAggregate(this.#plan, aggregate, partial);
    }
    this.newest = partial[NEWEST_SLOT]!;
  }
}

/** End of the tiles among [first, end) that start at `at` or before. */
function tilesUpTo(set: TileSet, first: number, end: number, at: Micros): number {
  let [low, high] = [first, end];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (set.starts[middle]! > at) high = middle;
    else low = middle + 1;
  }
  return low;
}
