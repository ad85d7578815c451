import { tileLengthUs } from './instants.ts';

export type AggregateOperation = 'count' | 'sum' | 'mean' | 'min' | 'max' | 'last';

/** One windowed feature over (at - windowUs, at]. */
export interface AggregateSpec {
  readonly operation: AggregateOperation;
  /** Column that is aggregated; empty for `count`. */
  readonly column: string;
  readonly windowUs: number;
}

/** Which running quantities a measure needs. */
export interface Measure {
  readonly column: string;
  /** Units per 1 in exact sums: 1 for whole numbers, 10^6 for DOUBLE, which is summed to six decimal places. */
  readonly scale: number;
  /** First slot of the measure in a partial: the number of non-null values. */
  readonly slot: number;
  /** Slots of the sum's high and low limb, of the extremes, of the newest value; -1 where no aggregate needs them. */
  readonly sumSlot: number;
  readonly extremeSlot: number;
  readonly lastSlot: number;
}

/** An aggregate resolved against its plan. `measure` is -1 for `count`. */
export interface PlannedAggregate {
  readonly operation: AggregateOperation;
  readonly measure: number;
  /** Index in {@link WindowPlan.windowsUs}. */
  readonly window: number;
}

/** How the windowed features of one view version are stored and folded. Equal specs give equal plans. */
export interface WindowPlan {
  /** Columns whose values tiles hold, sorted by name. */
  readonly measures: readonly Measure[];
  /** Distinct window lengths, ascending. */
  readonly windowsUs: readonly number[];
  /** In the order of the specs. */
  readonly aggregates: readonly PlannedAggregate[];
  readonly tileUs: number;
  /** Numbers per partial: {@link ROWS_SLOT}, {@link NEWEST_SLOT}, then the measures. */
  readonly stride: number;
}

/** Slot of the number of rows. */
export const ROWS_SLOT = 0;
/** Slot of the latest instant at which one of the rows became visible; -Infinity without rows. */
export const NEWEST_SLOT = 1;

export const DOUBLE_SCALE = 1_000_000;

/** Compiles the windowed features of one view. `isDouble` says which columns are DOUBLE; specs may not be empty. */
export function planWindows(
  specs: readonly AggregateSpec[],
  isDouble: (column: string) => boolean,
): WindowPlan {
  const columns = [...new Set(specs.map((spec) => spec.column).filter((column) => column !== ''))].sort();
  const windowsUs = [...new Set(specs.map((spec) => spec.windowUs))].sort((a, b) => a - b);
  const measures: Measure[] = [];
  let stride = NEWEST_SLOT + 1;
  for (const column of columns) {
    const measure = layOut(column, specs, isDouble(column), stride);
    measures.push(measure.measure);
    stride = measure.end;
  }
  return {
    measures,
    windowsUs,
    aggregates: specs.map((spec) => ({
      operation: spec.operation,
      measure: columns.indexOf(spec.column),
      window: windowsUs.indexOf(spec.windowUs),
    })),
    tileUs: tileLengthUs(windowsUs.at(-1) ?? 0),
    stride,
  };
}

function layOut(
  column: string,
  specs: readonly AggregateSpec[],
  isDouble: boolean,
  slot: number,
): { measure: Measure; end: number } {
  const needs = (...operations: AggregateOperation[]): boolean =>
    specs.some((spec) => spec.column === column && operations.includes(spec.operation));
  let end = slot + 1;
  const take = (needed: boolean, count: number): number => {
    if (!needed) return -1;
    end += count;
    return end - count;
  };
  const measure = {
    column,
    scale: isDouble ? DOUBLE_SCALE : 1,
    slot,
    sumSlot: take(needs('sum', 'mean'), 2),
    extremeSlot: take(needs('min', 'max'), 2),
    lastSlot: take(needs('last'), 3),
  };
  return { measure, end };
}
