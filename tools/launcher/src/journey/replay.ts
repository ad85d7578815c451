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

export interface ReplaySpan {
  readonly fromUs: bigint;
  readonly toUs: bigint;
  /** Instants between which a replay pauses, ascending: at each, everything known by then has been ingested. */
  readonly stopsUs?: readonly bigint[];
}

/**
 * Cuts flights into slices, in time order. Slices without a sampled departure are skipped: their outcomes come with the
 * next one that has some. Stops and the end are slices of their own, which carry the outcomes known by then and predict
 * nothing.
 */
export function* slices(
  flights: Flights,
  sampled: (id: number) => boolean,
  span: ReplaySpan,
): Generator<Slice> {
  const outcomesBy = outcomeCursor(flights);
  const departing = departures(flights, sampled, span);
  let at = 0;
  for (const stopUs of [...(span.stopsUs ?? []), span.toUs]) {
    while (at < departing.length && instantOf(flights, departing[at]) < stopUs) {
      const startUs = floorTo(instantOf(flights, departing[at]), SLICE_US);
      const endUs = startUs + SLICE_US < stopUs ? startUs + SLICE_US : stopUs;
      const first = at;
      while (at < departing.length && instantOf(flights, departing[at]) < endUs) at += 1;
      yield { startUs, outcomes: outcomesBy(startUs), departures: departing.slice(first, at) };
    }
    yield { startUs: stopUs, outcomes: outcomesBy(stopUs), departures: [] };
  }
}

/** Answers, for ascending instants, the flights whose outcome became known since the one before. */
function outcomeCursor(flights: Flights): (instantUs: bigint) => number[] {
  const known = BigInt64Array.from({ length: flights.count }, (_, index) => knownAtUs(flights, index));
  const order = Array.from(known.keys()).sort((a, b) => compare(known[a], known[b]) || a - b);
  let next = 0;
  return (instantUs) => {
    const start = next;
    while (next < order.length && (known[order[next] ?? 0] ?? 0n) <= instantUs) next += 1;
    return order.slice(start, next);
  };
}

function departures(
  flights: Flights,
  sampled: (id: number) => boolean,
  { fromUs, toUs }: ReplaySpan,
): number[] {
  return Array.from(flights.id.keys())
    .filter((index) => instantOf(flights, index) >= fromUs && instantOf(flights, index) < toUs)
    .filter((index) => sampled(flights.id[index] ?? -1))
    .sort((a, b) => compare(flights.departureUs[a], flights.departureUs[b]) || a - b);
}

const instantOf = (flights: Flights, index = -1): bigint => flights.departureUs[index] ?? 0n;
const compare = (a = 0n, b = 0n): number => (a < b ? -1 : a > b ? 1 : 0);
const floorTo = (instant: bigint, step: bigint): bigint => instant - (instant % step);
