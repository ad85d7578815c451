import { bins, type Cells } from './cells.ts';

/**
 * A frozen coarsening of a histogram's bins for tests on small windows: group g holds the bins below `ends[g]`
 * that no earlier group holds. `ends` ascends and its last entry is the number of bins.
 */
export type BinGroups = readonly number[];

export const MAX_GROUPS = 10;

/**
 * Joins neighbouring bins into at most `maxGroups` groups along the reference's deciles. Every group but a sole
 * one holds at least half of an even share of the reference, so a window of a few hundred values fills them all.
 */
export function groupBins(reference: Cells, maxGroups: number = MAX_GROUPS): BinGroups {
  const counts = bins(reference);
  const share = counts.reduce((sum, count) => sum + count, 0) / maxGroups;
  const ends: number[] = [];
  let seen = 0;
  let held = 0;
  let next = share;
  counts.forEach((count, bin) => {
    seen += count;
    held += count;
    if (seen < next || held < share / 2 || held === 0) return;
    ends.push(bin + 1);
    next = share * (Math.floor(seen / share) + 1);
    held = 0;
  });
  if (ends.length > 0 && held < share / 2) ends.pop();
  return [...ends, counts.length];
}

/** Sums bin counts by group. */
export function groupCounts(cells: Cells, groups: BinGroups): number[] {
  const counts = bins(cells);
  return groups.map((end, group) =>
    counts.slice(groups[group - 1] ?? 0, end).reduce((sum, count) => sum + count, 0),
  );
}
