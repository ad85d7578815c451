import { cellsOf, type ColumnProfile, type Profile } from '../profile/profile.ts';
import type { Cells } from '../histogram/cells.ts';
import type { FrozenEdges } from '../histogram/edges.ts';
import { groupCount, groupCounts, type BinGroups } from '../histogram/groups.ts';
import { sampleOf, type Sample } from './psi.ts';
import { slideStretches, type Stretch } from './stretches.ts';

/** A column's reference, made ready for comparing windows with it. */
export interface ColumnBaseline {
  readonly name: string;
  /** Name of the model input that carries it; empty for the score. */
  readonly input: string;
  /** Empty for the score. */
  readonly source: string;
  readonly edges: FrozenEdges;
  readonly cells: Cells;
  readonly groups: BinGroups;
  /** The whole reference. */
  readonly whole: Sample;
  readonly stretches: readonly Stretch[];
  /** How odd a window without fault is: see {@link ISOLATION_QUANTILE}. */
  readonly isolation: number;
}

/**
 * The share of the reference's stretches that lie nearer to the stretch most like them than `isolation`. Not all of
 * them: the first day or two of a reference, when windowed features still fill up, resemble nothing.
 */
export const ISOLATION_QUANTILE = 0.975;

/**
 * Prepares every feature, in order, and then the score, for windows of `windowUs`, by default the profile's own
 * block. Longer windows are less odd than the blocks that the practical minimum was measured on, so the rule errs on
 * the quiet side; for much shorter ones it is not calibrated.
 */
export function baselinesOf(profile: Profile, windowUs: bigint = profile.blockUs): ColumnBaseline[] {
  const length = Math.max(1, Number(windowUs / profile.stepUs));
  return [...profile.features, profile.score].map((column) => baselineOf(column, length));
}

function baselineOf(column: ColumnProfile, length: number): ColumnBaseline {
  const cells = cellsOf(column);
  const groups = column.groupEnds;
  return {
    name: column.name,
    input: column.input,
    source: column.source,
    edges: column.edges,
    cells,
    groups,
    whole: sampleOf(groupCounts(cells, groups)),
    stretches: slideStretches(rowsOf(column.stepCounts, groupCount(groups)), length),
    isolation: quantile(column.blockPsi, ISOLATION_QUANTILE),
  };
}

function rowsOf(flat: readonly number[], width: number): number[][] {
  const rows: number[][] = [];
  for (let start = 0; start < flat.length; start += width) rows.push(flat.slice(start, start + width));
  return rows;
}

/** Inverse empirical CDF of ascending values; 0 when there are none. */
function quantile(ascending: readonly number[], share: number): number {
  return ascending[Math.ceil(share * ascending.length) - 1] ?? 0;
}
