/**
 * An instant: whole microseconds since 1970-01-01T00:00:00Z, held as a safe integer (exact until the year 2255), so
 * that folds over millions of rows stay in typed arrays. Instants cross RPC and SQL as bigint: convert there.
 */
export type Micros = number;

/** Instants outside the years 1 to 2200 are refused: they are mistakes, and differences of others stay exact. */
const EARLIEST_US = -62_135_596_800_000_000;
const LATEST_US = 7_258_118_400_000_000;

/** Whether a value is an instant that rows and questions may have. */
export function isInstant(value: unknown): value is Micros {
  return typeof value === 'number' && value >= EARLIEST_US && value <= LATEST_US;
}

/** "Not superseded": later than every instant. */
export const NEVER: Micros = Infinity;

export const MINUTE_US = 60_000_000;
export const HOUR_US = 60 * MINUTE_US;
export const DAY_US = 24 * HOUR_US;

/**
 * Length of the tiles that serve windows of at most `longestWindowUs`: a day from 12 days on, an hour from 12 hours
 * on, five minutes below (the steps of Chronon's sawtooth windows; ours bound work, not precision, because the first
 * and last tile of every window are folded from their raw events).
 */
export function tileLengthUs(longestWindowUs: number): number {
  if (longestWindowUs >= 12 * DAY_US) return DAY_US;
  if (longestWindowUs >= 12 * HOUR_US) return HOUR_US;
  return 5 * MINUTE_US;
}

/** Start of the tile that holds `event`; tiles are half-open: [start, start + length). */
export function tileStartOf(event: Micros, lengthUs: number): Micros {
  return Math.floor(event / lengthUs) * lengthUs;
}
