import { bins, missing, outOfRange, type Cells } from './cells.ts';

/**
 * A frozen coarsening of a histogram for tests on small windows. Value group g holds the bins below `ends[g]` that
 * no earlier group holds; the first and the last bin, beyond the reference's range, belong to none of them.
 */
export type BinGroups = readonly number[];

export const MAX_GROUPS = 10;

/**
 * Joins neighbouring bins into at most `maxGroups` groups along the reference's deciles. Every group but a sole
 * one holds at least half of an even share of the reference, so a window of a few hundred values fills them all.
 */
export function groupBins(reference: Cells, maxGroups: number = MAX_GROUPS): BinGroups {
  const inner = bins(reference).slice(1, -1);
  const share = inner.reduce((sum, count) => sum + count, 0) / maxGroups;
  const ends: number[] = [];
  let seen = 0;
  let held = 0;
  let next = share;
  inner.forEach((count, bin) => {
    seen += count;
    held += count;
    if (seen < next || held < share / 2) return;
    ends.push(bin + 2);
    next = share * (Math.floor(seen / share) + 1);
    held = 0;
  });
  if (inner.length === 0) return [];
  if (held < share / 2) ends.pop();
  return ends.at(-1) === inner.length + 1 ? ends : [...ends, inner.length + 1];
}

/**
 * Counts by value group, then what is out of the reference's range, then what is missing: all that a column can
 * show, in {@link groupCount} numbers.
 */
export function groupCounts(cells: Cells, groups: BinGroups): number[] {
  const counts = bins(cells);
  const values = groups.map((end, group) =>
    counts.slice(groups[group - 1] ?? 1, end).reduce((sum, count) => sum + count, 0),
  );
  return [...values, outOfRange(cells), missing(cells)];
}

/** Length of what {@link groupCounts} returns. */
export function groupCount(groups: BinGroups): number {
  return groups.length + 2;
}
