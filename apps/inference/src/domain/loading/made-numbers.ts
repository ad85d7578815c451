/** Numbers in [0, 1), evenly spread and the same at every load. */
export function madeNumbers(): () => number {
  let state = 0x9e3779b9;
  return () => {
    state = Math.imul(state ^ (state >>> 15), 0x2c1b3c6d) + 0x6d2b79f5;
    return (state >>> 0) / 2 ** 32;
  };
}

/** From −2 to 2. */
export function smallNumber(next: () => number): number {
  return next() * 4 - 2;
}
