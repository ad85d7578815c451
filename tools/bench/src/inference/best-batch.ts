import { inTurn } from '../statistics/in-turn.ts';
import { median } from '../statistics/quantile.ts';

/**
 * The size of `sizes` whose median rate over `trials` is highest, the smaller of equals. Trials of the sizes take turns,
 * so that no size alone is measured while the machine is slow.
 */
export async function bestBatch(
  rate: (rows: number) => Promise<number>,
  sizes: readonly [number, ...number[]],
  trials: number,
): Promise<number> {
  await rate(sizes[0]); // the first run also opens the session
  const figures = await inTurn(
    sizes.map((rows) => () => rate(rows)),
    trials,
  );
  const medians = figures.map(median);
  return sizes[medians.indexOf(Math.max(...medians))] as number;
}
