/** Numbers uniform in [0, 1). */
export type Random = () => number;

/** A reproducible generator (Mulberry32): equal seeds give equal numbers. Not for secrets. */
export function seededRandom(seed: number): Random {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** `count` float32 values uniform in [-scale, scale). */
export function uniformFloats(count: number, scale: number, random: Random): Float32Array<ArrayBuffer> {
  return Float32Array.from({ length: count }, () => (2 * random() - 1) * scale);
}
