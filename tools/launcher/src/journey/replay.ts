import { knownAtUs, type Flights } from './flights.ts';

/** At most five minutes. */
export const SLICE_US = 300_000_000n;

/** One slice of a replay: first everything known by its start is ingested, then its flights are predicted. */
export interface Slice {
  readonly startUs: bigint;
  /** Indexes of flights whose outcome became known since the slice before, in the order of becoming known. */
  readonly outcomes: readonly number[];
  /** Indexes of sampled flights that depart in the slice, in the order of departure. */
  readonly departures: readonly number[];
}

/**
 * Cuts flights into slices, in time order. Slices without a sampled departure are skipped: their outcomes come with the
 * next one that has some. The last slice carries the remaining outcomes known by `toUs` and predicts nothing.
 */
export function* slices(
  flights: Flights,
  sampled: (id: number) => boolean,
  { fromUs, toUs }: { readonly fromUs: bigint; readonly toUs: bigint },
): Generator<Slice> {
  const known = BigInt64Array.from({ length: flights.count }, (_, index) => knownAtUs(flights, index));
  const indexes = Array.from({ length: flights.count }, (_, index) => index);
  const byKnown = indexes.toSorted((a, b) => compare(known[a], known[b]) || a - b);
  const departing = indexes
    .filter((index) => sampled(flights.id[index] ?? -1) && within(flights.departureUs[index], fromUs, toUs))
    .sort((a, b) => compare(flights.departureUs[a], flights.departureUs[b]) || a - b);

  let nextOutcome = 0;
  const outcomesBy = (instant: bigint): number[] => {
    const start = nextOutcome;
    while (nextOutcome < byKnown.length && (known[byKnown[nextOutcome] ?? 0] ?? 0n) <= instant)
      nextOutcome += 1;
    return byKnown.slice(start, nextOutcome);
  };
  for (let at = 0; at < departing.length;) {
    const startUs = floorTo(flights.departureUs[departing[at] ?? 0] ?? 0n, SLICE_US);
    const departures: number[] = [];
    while (at < departing.length && (flights.departureUs[departing[at] ?? 0] ?? 0n) < startUs + SLICE_US) {
      departures.push(departing[at] ?? 0);
      at += 1;
    }
    yield { startUs, outcomes: outcomesBy(startUs), departures };
  }
  yield { startUs: toUs, outcomes: outcomesBy(toUs), departures: [] };
}

const within = (instant = 0n, fromUs: bigint, toUs: bigint): boolean => instant >= fromUs && instant < toUs;
const compare = (a = 0n, b = 0n): number => (a < b ? -1 : a > b ? 1 : 0);
const floorTo = (instant: bigint, step: bigint): bigint => instant - (instant % step);
