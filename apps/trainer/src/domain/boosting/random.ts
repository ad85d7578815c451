/** A source of numbers uniform on [0, 1), the same for the same seed on every machine. */
export type Random = () => number;

/**
 * Mulberry32 (T. Ettinger, public domain): 32 bits of state, ample for drawing row samples. The state is kept signed,
 * which the machine holds as a small integer: unsigned, every draw would allocate.
 */
export function seededRandom(seed: number): Random {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
