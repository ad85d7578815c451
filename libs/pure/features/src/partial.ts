import { addExact, exactTotal, mergeExact } from './exact-sum.ts';
import type { Micros } from './instants.ts';
import {
  NEWEST_SLOT,
  ROWS_SLOT,
  type Measure,
  type PlannedAggregate,
  type WindowPlan,
} from './window-plan.ts';

/**
 * A partial aggregate: `plan.stride` numbers from `base` on. Partials of one plan form a commutative monoid under
 * {@link mergePartial} with the cleared partial as identity, so any grouping of rows into tiles gives the same answer.
 */
export function clearPartial(plan: WindowPlan, partial: Float64Array, base = 0): void {
  partial.fill(0, base, base + plan.stride);
  partial[base + NEWEST_SLOT] = -Infinity;
  for (const measure of plan.measures) {
    if (measure.extremeSlot >= 0) {
      partial[base + measure.extremeSlot] = Infinity;
      partial[base + measure.extremeSlot + 1] = -Infinity;
    }
    if (measure.lastSlot >= 0) {
      partial[base + measure.lastSlot] = -Infinity;
      partial[base + measure.lastSlot + 2] = NaN;
    }
  }
}

/** Rows as columns. `values` holds one number per measure and row; NaN is NULL, BOOL is 0 and 1. */
export interface Entries {
  readonly event: Float64Array;
  /** First instant at which the row is visible. */
  readonly from: Float64Array;
  /** Instant from which a correction replaces the row; Infinity: none does. */
  readonly until: Float64Array;
  readonly sequence: Float64Array;
  readonly values: Float64Array;
}

/** Adds row `index` of `entries` to a partial. */
export function addEntry(
  plan: WindowPlan,
  partial: Float64Array,
  base: number,
  entries: Entries,
  index: number,
): void {
  const { event, from, sequence, values } = entries;
  const first = index * plan.measures.length;
  addRow(plan, partial, base, event[index]!, from[index]!, sequence[index]!, values, first);
}

/** Adds one row, whose measures begin at `values[first]`, to a partial. */
export function addRow(
  plan: WindowPlan,
  partial: Float64Array,
  base: number,
  event: Micros,
  from: Micros,
  sequence: number,
  values: ArrayLike<number>,
  first: number,
): void {
  partial[base + ROWS_SLOT]! += 1;
  if (from > partial[base + NEWEST_SLOT]!) partial[base + NEWEST_SLOT] = from;
  const { measures } = plan;
  for (let m = 0; m < measures.length; m++) {
    const { slot, sumSlot, extremeSlot, lastSlot, scale } = measures[m]!;
    const value = values[first + m]!;
    if (lastSlot >= 0) offerLast(partial, base + lastSlot, event, sequence, value);
    if (Number.isNaN(value)) continue;
    partial[base + slot]! += 1;
    if (sumSlot >= 0) addExact(partial, base + sumSlot, toUnits(scale, value));
    if (extremeSlot >= 0) offerExtremes(partial, base + extremeSlot, value, value);
  }
}

/** Merges the partial at `from[fromBase]` into the one at `into[base]`. */
export function mergePartial(
  plan: WindowPlan,
  into: Float64Array,
  base: number,
  from: Float64Array,
  fromBase: number,
): void {
  into[base + ROWS_SLOT]! += from[fromBase + ROWS_SLOT]!;
  const newest = from[fromBase + NEWEST_SLOT]!;
  if (newest > into[base + NEWEST_SLOT]!) into[base + NEWEST_SLOT] = newest;
  for (const { slot, sumSlot, extremeSlot, lastSlot } of plan.measures) {
    into[base + slot]! += from[fromBase + slot]!;
    if (sumSlot >= 0) mergeExact(into, base + sumSlot, from, fromBase + sumSlot);
    if (extremeSlot >= 0) {
      offerExtremes(
        into,
        base + extremeSlot,
        from[fromBase + extremeSlot]!,
        from[fromBase + extremeSlot + 1]!,
      );
    }
    if (lastSlot >= 0) {
      const at = fromBase + lastSlot;
      offerLast(into, base + lastSlot, from[at]!, from[at + 1]!, from[at + 2]!);
    }
  }
}

/** The value of one aggregate; NaN is NULL (never for `count`). SUM saturates at the safe integers. */
export function finishAggregate(
  plan: WindowPlan,
  aggregate: PlannedAggregate,
  partial: Float64Array,
): number {
  if (aggregate.operation === 'count') return partial[ROWS_SLOT]!;
  const measure = plan.measures[aggregate.measure]!;
  if (aggregate.operation === 'last') return partial[measure.lastSlot + 2]!;
  const count = partial[measure.slot]!;
  if (count === 0) return NaN;
  switch (aggregate.operation) {
    case 'sum':
      return saturate(exactTotal(partial, measure.sumSlot) / measure.scale);
    case 'mean':
      return exactTotal(partial, measure.sumSlot) / measure.scale / count;
    case 'min':
      return partial[measure.extremeSlot]!;
    case 'max':
      return partial[measure.extremeSlot + 1]!;
  }
}

/** Whether a number can enter an exact sum of this measure. */
export function isSummable(measure: Measure, value: number): boolean {
  return Number.isSafeInteger(toUnits(measure.scale, value));
}

function toUnits(scale: number, value: number): number {
  return scale === 1 ? value : Math.round(value * scale);
}

function saturate(value: number): number {
  return Math.max(-Number.MAX_SAFE_INTEGER, Math.min(Number.MAX_SAFE_INTEGER, value));
}

function offerExtremes(partial: Float64Array, slot: number, low: number, high: number): void {
  if (low < partial[slot]!) partial[slot] = low;
  if (high > partial[slot + 1]!) partial[slot + 1] = high;
}

function offerLast(
  partial: Float64Array,
  slot: number,
  event: Micros,
  sequence: number,
  value: number,
): void {
  const known = partial[slot]!;
  if (event < known || (event === known && sequence < partial[slot + 1]!)) return;
  partial[slot] = event;
  partial[slot + 1] = sequence;
  partial[slot + 2] = value;
}
