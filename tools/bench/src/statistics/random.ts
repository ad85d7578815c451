/** Numbers uniform in [0, 1). */
export type Random = () => number;

// Looked up once, and not in each of the millions of turns.
const { imul } = Math;

/** A reproducible generator (Mulberry32): equal seeds give equal numbers. Not for secrets. */
export function seededRandom(seed: number): Random {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** `count` float32 values uniform in [-scale, scale). */
export function uniformFloats(count: number, scale: number, random: Random): Float32Array<ArrayBuffer> {
  const values = new Float32Array(count);
  // A loop, because from() takes seconds for the millions of weights of a large model.
  for (let index = 0; index < count; index += 1) values[index] = (2 * random() - 1) * scale;
  return values;
}
