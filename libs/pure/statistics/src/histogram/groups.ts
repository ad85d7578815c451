import { bins, infinite, missing, outOfRange, type Cells } from './cells.ts';

/**
 * A frozen coarsening of a histogram for tests on small windows. Value group g holds the bins below `ends[g]` that
 * no earlier group holds. Where the last end is the number of bins, the tails beyond the reference's range belong to
 * the outer groups; where it is one less, to none: they count as out of range.
 */
export type BinGroups = readonly number[];

export const MAX_GROUPS = 10;

/**
 * Joins neighbouring bins into at most `maxGroups` groups along the reference's deciles. Every group but a sole
 * one holds at least half of an even share of the reference, so a window of a few hundred values fills them all.
 * Tails of a discrete column are kept apart; those of a continuous one, where a sample's extremes say nothing about
 * what is possible, join the outer groups.
 */
export function groupBins(reference: Cells, discrete: boolean, maxGroups: number = MAX_GROUPS): BinGroups {
  const ends = innerGroups(reference, maxGroups);
  return discrete ? ends : ends.map((end, group) => (group === ends.length - 1 ? end + 1 : end));
}

function innerGroups(reference: Cells, maxGroups: number): number[] {
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
 * Counts by value group, then what is out of the reference's range or infinite, then what is missing: all that a
 * column can show, in {@link groupCount} numbers.
 */
export function groupCounts(cells: Cells, groups: BinGroups): number[] {
  const counts = bins(cells);
  const first = groups.at(-1) === counts.length ? 0 : 1;
  const values = groups.map((end, group) =>
    counts.slice(groups[group - 1] ?? first, end).reduce((sum, count) => sum + count, 0),
  );
  const beyond = first === 0 ? infinite(cells) : outOfRange(cells);
  return [...values, beyond, missing(cells)];
}

/** Length of what {@link groupCounts} returns. */
export function groupCount(groups: BinGroups): number {
  return groups.length + 2;
}
