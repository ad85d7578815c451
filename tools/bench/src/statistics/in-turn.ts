/** Something that is measured over and over: answers its figure of one round. */
export type Side = () => Promise<number>;

/**
 * Measures several sides in turn, so that whatever slows the machine for a while slows all of them alike; every other
 * round goes backwards, so that no side is always the first. Answers the figures by side, in the order of rounds.
 */
export async function inTurn(
  sides: readonly Side[],
  rounds: number,
  onRound: (done: number) => void = () => undefined,
): Promise<number[][]> {
  const figures = sides.map((): number[] => []);
  for (let round = 0; round < rounds; round += 1) {
    const order = [...sides.keys()];
    if (round % 2 === 1) order.reverse();
    for (const index of order) figures[index]?.push(await (sides[index] as Side)());
    onRound(round + 1);
  }
  return figures;
}

/** Round by round, the figure of one side over that of the other. */
export function ratios(over: readonly number[], under: readonly number[]): number[] {
  if (over.length !== under.length)
    throw new RangeError(`${over.length} rounds do not pair with ${under.length}`);
  return over.map((figure, round) => figure / (under[round] as number));
}
