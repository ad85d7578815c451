import { cellOf, emptyCells, increment } from '../histogram/cells.ts';
import { freezeEdges, MAX_EDGES, type FrozenEdges } from '../histogram/edges.ts';
import { groupBins } from '../histogram/groups.ts';
import { PSI_RULE } from '../drift/psi.ts';
import { measureBlocks, type BlockSpec, type StepHistogram } from './block-variation.ts';
import type { ColumnProfile, ColumnRole, Profile } from './profile.ts';

export interface ProfileColumn {
  readonly name: string;
  readonly role: ColumnRole;
  /** One value per row, in the rows' order; null and NaN both mean missing and are counted apart. */
  readonly values: ArrayLike<number | null>;
}

export interface ProfileOptions {
  /** Event time of each row, epoch µs, in any order. */
  readonly eventTimesUs: ArrayLike<bigint>;
  /** Stretches whose own variation is measured; none by default. */
  readonly blocks?: readonly BlockSpec[];
  /** At most {@link MAX_EDGES}, the default. */
  readonly maxEdges?: number;
}

const HOUR_US = 3_600_000_000n;

/** The stretches that Plumbline's own drift rule uses: half a day and a day, starting every hour. */
export const STANDARD_BLOCKS: readonly BlockSpec[] = [
  { lengthUs: 12n * HOUR_US, stepUs: HOUR_US },
  { lengthUs: 24n * HOUR_US, stepUs: HOUR_US },
];

/**
 * Profiles the reference rows of a model version: one frozen histogram per column and the block-to-block variation
 * that the drift rule takes as normal. Deterministic, and independent of the rows' order. Throws a RangeError on
 * columns of differing lengths, repeated names, no rows, or blocks that are not whole multiples of their step.
 */
export function buildProfile(columns: readonly ProfileColumn[], options: ProfileOptions): Profile {
  const times = options.eventTimesUs;
  checkColumns(columns, times.length);
  const [fromUs, toUs] = range(times);
  const blocks = options.blocks ?? [];
  return {
    formatVersion: 1,
    psiRule: PSI_RULE,
    rows: times.length,
    fromUs,
    toUs,
    columns: columns.map((column) => profileColumn(column, times, blocks, options.maxEdges ?? MAX_EDGES)),
  };
}

function profileColumn(
  column: ProfileColumn,
  times: ArrayLike<bigint>,
  blocks: readonly BlockSpec[],
  maxEdges: number,
): ColumnProfile {
  const edges = freezeEdges(column.values, maxEdges);
  const binned = Uint16Array.from({ length: times.length }, (_, row) => cellOf(edges, column.values[row]));
  const cells = emptyCells(edges);
  for (const cell of binned) increment(cells, cell);
  const groups = groupBins(cells);
  const variations = blocks.map((block) =>
    measureBlocks({ cells, groups }, countBySteps(edges, binned, times, block.stepUs), block),
  );
  return { name: column.name, role: column.role, edges, cells, groups, variations };
}

/** Histograms of consecutive steps from the first row's to the last row's, empty ones included. */
function countBySteps(
  edges: FrozenEdges,
  binned: Uint16Array,
  times: ArrayLike<bigint>,
  stepUs: bigint,
): StepHistogram[] {
  const [fromUs, toUs] = range(times);
  const first = fromUs / stepUs;
  const steps = Array.from({ length: Number(toUs / stepUs - first) + 1 }, () => emptyCells(edges));
  binned.forEach((cell, row) => {
    const step = steps[Number((times[row] ?? 0n) / stepUs - first)];
    if (step !== undefined) increment(step, cell);
  });
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

function checkColumns(columns: readonly ProfileColumn[], rows: number): void {
  if (rows === 0) throw new RangeError('a profile needs at least one row');
  const names = new Set<string>();
  for (const { name, values } of columns) {
    if (values.length !== rows) {
      throw new RangeError(`column "${name}" has ${values.length} values for ${rows} event times`);
    }
    if (names.has(name)) throw new RangeError(`column "${name}" is given twice`);
    names.add(name);
  }
}
