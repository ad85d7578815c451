import {
  bins,
  cellOf,
  emptyCells,
  increment,
  NAN_CELL,
  NEGATIVE_INFINITY_CELL,
  NULL_CELL,
  POSITIVE_INFINITY_CELL,
  total,
  type Cells,
} from '../histogram/cells.ts';
import { freeze, type FrozenEdges } from '../histogram/edges.ts';
import { groupBins, groupCounts } from '../histogram/groups.ts';
import { PSI_RULE } from '../drift/psi.ts';
import { isolation, slideStretches } from '../drift/stretches.ts';
import type { ColumnProfile, Profile } from './profile.ts';

export interface ProfileColumn {
  readonly name: string;
  readonly input?: string;
  readonly source?: string;
  /** One value per row, in the rows' order; null and NaN both mean missing and are counted apart. */
  readonly values: ArrayLike<number | null>;
}

export interface ProfileRows {
  /** Event time of each row, epoch µs, in any order. */
  readonly eventTimesUs: ArrayLike<bigint>;
  readonly features: readonly ProfileColumn[];
  readonly score: ProfileColumn;
}

export interface ProfileOptions {
  /** A whole multiple of `stepUs`; default {@link BLOCK_US}. */
  readonly blockUs?: bigint;
  /** Default {@link STEP_US}. */
  readonly stepUs?: bigint;
}

export const STEP_US = 3_600_000_000n;
export const BLOCK_US: bigint = 12n * STEP_US;

/**
 * Stretches closer than this (beyond their own length) share the values of features that look back a day, and would
 * make each other look more ordinary than a new day is.
 */
const GUARD_US = 24n * STEP_US;

/**
 * Profiles the reference rows of a model version: one frozen histogram per column, and per step the group counts
 * from which the drift rule learns what is normal for a window. Deterministic, and independent of the rows' order.
 * Throws a RangeError on columns of differing lengths, repeated names, no rows, or a block that is no whole number
 * of steps.
 */
export function buildProfile(rows: ProfileRows, options: ProfileOptions = {}): Profile {
  const { stepUs = STEP_US, blockUs = BLOCK_US } = options;
  check(rows, blockUs, stepUs);
  const [fromUs, lastUs] = range(rows.eventTimesUs);
  const steps = stepOfRows(rows.eventTimesUs, fromUs / stepUs, stepUs);
  const frame: Frame = {
    steps,
    stepTotal: Number(lastUs / stepUs - fromUs / stepUs) + 1,
    blockSteps: Number(blockUs / stepUs),
    apart: Number((blockUs + GUARD_US) / stepUs),
  };
  return {
    features: rows.features.map((column) => profileColumn(column, frame)),
    score: profileColumn(rows.score, frame),
    fromUs,
    toUs: lastUs + 1n,
    blockUs,
    stepUs,
    psiRule: PSI_RULE,
  };
}

interface Frame {
  /** Step of each row. */
  readonly steps: Uint32Array;
  readonly stepTotal: number;
  readonly blockSteps: number;
  readonly apart: number;
}

function profileColumn(column: ProfileColumn, frame: Frame): ColumnProfile {
  const { edges, discrete } = freeze(column.values);
  const binned = Uint16Array.from(frame.steps, (_, row) => cellOf(edges, column.values[row]));
  const cells = emptyCells(edges);
  for (const cell of binned) increment(cells, cell);
  const groupEnds = groupBins(cells, discrete);
  const steps = countBySteps(edges, binned, frame).map((step) => groupCounts(step, groupEnds));
  return {
    name: column.name,
    input: column.input ?? '',
    source: column.source ?? '',
    edges: [...edges],
    ...counters(cells),
    groupEnds: [...groupEnds],
    stepCounts: steps.flat(),
    blockPsi: isolation(slideStretches(steps, frame.blockSteps), frame.apart),
  };
}

function counters(
  cells: Cells,
): Pick<ColumnProfile, 'counts' | 'nulls' | 'nans' | 'positiveInfinities' | 'negativeInfinities' | 'n'> {
  const at = (cell: number): bigint => BigInt(cells[cell] ?? 0);
  return {
    counts: bins(cells).map(BigInt),
    nulls: at(NULL_CELL),
    nans: at(NAN_CELL),
    positiveInfinities: at(POSITIVE_INFINITY_CELL),
    negativeInfinities: at(NEGATIVE_INFINITY_CELL),
    n: BigInt(total(cells)),
  };
}

function countBySteps(edges: FrozenEdges, binned: Uint16Array, frame: Frame): Cells[] {
  const steps = Array.from({ length: frame.stepTotal }, () => emptyCells(edges));
  binned.forEach((cell, row) => {
    const step = steps[frame.steps[row] ?? 0];
    if (step !== undefined) increment(step, cell);
  });
  return steps;
}

function stepOfRows(times: ArrayLike<bigint>, first: bigint, stepUs: bigint): Uint32Array {
  const steps = new Uint32Array(times.length);
  for (let row = 0; row < times.length; row++) steps[row] = Number((times[row] ?? 0n) / stepUs - first);
  return steps;
}

function range(times: ArrayLike<bigint>): readonly [bigint, bigint] {
  let from = times[0] ?? 0n;
  let to = from;
  for (let row = 1; row < times.length; row++) {
    const time = times[row] ?? 0n;
    if (time < from) from = time;
    if (time > to) to = time;
  }
  return [from, to];
}

function check(rows: ProfileRows, blockUs: bigint, stepUs: bigint): void {
  if (rows.eventTimesUs.length === 0) throw new RangeError('a profile needs at least one row');
  if (stepUs <= 0n || blockUs <= 0n || blockUs % stepUs !== 0n) {
    throw new RangeError(`a block of ${blockUs} µs is no whole number of steps of ${stepUs} µs`);
  }
  const names = new Set<string>();
  for (const { name, values } of [...rows.features, rows.score]) {
    if (values.length !== rows.eventTimesUs.length) {
      throw new RangeError(
        `column "${name}" has ${values.length} values for ${rows.eventTimesUs.length} rows`,
      );
    }
    if (names.has(name)) throw new RangeError(`column "${name}" is given twice`);
    names.add(name);
  }
}
