import { isVisible, type LatestRow, type Micros } from '@plumbline/features';

/** The winner at `at` among rows sorted greatest first: the first that is visible. */
export function latestVisible(rows: readonly LatestRow[], at: Micros): LatestRow | 'none' {
  for (let i = firstNotAfter(rows, at); i < rows.length; i++) if (isVisible(rows[i]!, at)) return rows[i]!;
  return 'none';
}

/** Index of the first row whose event is not after `at`. */
function firstNotAfter(rows: readonly LatestRow[], at: Micros): number {
  let [low, high] = [0, rows.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (rows[middle]!.event > at) low = middle + 1;
    else high = middle;
  }
  return low;
}
