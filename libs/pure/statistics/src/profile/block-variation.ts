import { bins, mergeCells, missing, total, type Cells } from '../histogram/cells.ts';
import { groupCounts, type BinGroups } from '../histogram/groups.ts';
import { expectedPsi, psi } from '../drift/psi.ts';
import { spreadOf, type BlockVariation } from './profile.ts';

export interface BlockSpec {
  /** A whole multiple of `stepUs`. */
  readonly lengthUs: bigint;
  readonly stepUs: bigint;
}

/** Cells of one step of time. */
export type StepHistogram = Cells;

/** Stretches with fewer rows say more about sampling than about the world. */
const MINIMUM_ROWS = 100;

/**
 * Measures every full stretch of consecutive steps against the whole reference. `steps` are consecutive in time;
 * stretches with fewer than 100 rows are left out.
 */
export function measureBlocks(
  reference: { readonly cells: Cells; readonly groups: BinGroups },
  steps: readonly StepHistogram[],
  block: BlockSpec,
): BlockVariation {
  const measured = slidingSums(steps, stepsPerBlock(block))
    .filter((cells) => total(cells) >= MINIMUM_ROWS)
    .map((cells) => distanceFrom(reference, cells));
  return {
    lengthUs: block.lengthUs,
    stepUs: block.stepUs,
    blocks: measured.length,
    psi: spreadOf(measured.map((distance) => distance.psi)),
    missingRate: spreadOf(measured.map((distance) => distance.missingRate)),
  };
}

function stepsPerBlock({ lengthUs, stepUs }: BlockSpec): number {
  if (stepUs <= 0n || lengthUs <= 0n || lengthUs % stepUs !== 0n) {
    throw new RangeError(`a block of ${lengthUs} µs is no whole number of steps of ${stepUs} µs`);
  }
  return Number(lengthUs / stepUs);
}

function slidingSums(steps: readonly StepHistogram[], length: number): Cells[] {
  const sums: Cells[] = [];
  for (let end = length; end <= steps.length; end++) {
    const previous = sums.at(-1);
    const entering = steps[end - 1] ?? [];
    const leaving = steps[end - 1 - length] ?? [];
    sums.push(
      previous === undefined
        ? steps.slice(0, end).reduce(mergeCells)
        : previous.map((count, cell) => count + (entering[cell] ?? 0) - (leaving[cell] ?? 0)),
    );
  }
  return sums;
}

function distanceFrom(
  reference: { readonly cells: Cells; readonly groups: BinGroups },
  cells: Cells,
): { psi: number; missingRate: number } {
  const n = sum(bins(reference.cells));
  const m = sum(bins(cells));
  return {
    psi: m === 0 ? 0 : Math.max(0, excessPsi(reference, cells, n, m)),
    missingRate: Math.abs(missing(cells) / total(cells) - missing(reference.cells) / total(reference.cells)),
  };
}

function excessPsi(
  reference: { readonly cells: Cells; readonly groups: BinGroups },
  cells: Cells,
  n: number,
  m: number,
): number {
  const { groups } = reference;
  const raw = psi(groupCounts(reference.cells, groups), groupCounts(cells, groups));
  return raw - expectedPsi(groups.length, n, m);
}

function sum(counts: readonly number[]): number {
  return counts.reduce((all, count) => all + count, 0);
}
