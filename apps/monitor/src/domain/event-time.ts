import { DAY_US, EVALUATION_STEP_US } from './policy.ts';

/** How far a model has come in event time, µs. */
export interface EventTime {
  /** The newest believed prediction. None much older is still expected. */
  readonly watermarkUs: bigint;
  /** Windows that end at or before this have been judged. */
  readonly judgedUntilUs: bigint;
  /** Midnights up to this have been announced. */
  readonly announcedUntilUs: bigint;
  /** Predictions in a row that lie far from the watermark, and the first and last instant among them. */
  readonly elsewhere: number;
  readonly elsewhereFirstUs: bigint | undefined;
  readonly elsewhereLastUs: bigint | undefined;
}

/** Instants further from the watermark than this are elsewhere. */
export const NEARBY_US: bigint = 3n * DAY_US;

/** So many in a row move the watermark there. A stray one must not declare years of event time complete. */
export const BELIEVED_ELSEWHERE = 50;

/** Takes in the instants of new predictions, in the order of their commit. */
export function advanceEventTime(
  before: EventTime | undefined,
  instants: readonly bigint[],
): EventTime | undefined {
  return instants.reduce<EventTime | undefined>(advance, before);
}

function advance(state: EventTime | undefined, instant: bigint): EventTime {
  if (state === undefined) return startAt(instant, instant);
  if (distance(state.watermarkUs, instant) <= NEARBY_US) {
    const watermarkUs = instant > state.watermarkUs ? instant : state.watermarkUs;
    return { ...state, watermarkUs, elsewhere: 0, elsewhereFirstUs: undefined, elsewhereLastUs: undefined };
  }
  const elsewhere = state.elsewhere + 1;
  const { elsewhereFirstUs: first = instant, elsewhereLastUs: last = instant } = state;
  const elsewhereFirstUs = instant < first ? instant : first;
  const elsewhereLastUs = instant > last ? instant : last;
  if (elsewhere >= BELIEVED_ELSEWHERE) return startAt(elsewhereFirstUs, elsewhereLastUs);
  return { ...state, elsewhere, elsewhereFirstUs, elsewhereLastUs };
}

function startAt(firstUs: bigint, watermarkUs: bigint): EventTime {
  return {
    watermarkUs,
    judgedUntilUs: firstUs - (firstUs % EVALUATION_STEP_US),
    announcedUntilUs: firstUs - (firstUs % DAY_US),
    elsewhere: 0,
    elsewhereFirstUs: undefined,
    elsewhereLastUs: undefined,
  };
}

function distance(left: bigint, right: bigint): bigint {
  return left < right ? right - left : left - right;
}

/** Ends of the windows that are to be judged now, ascending: whole steps that the watermark has left behind. */
export function dueWindows(state: EventTime, latenessUs: bigint): bigint[] {
  return multiplesIn(EVALUATION_STEP_US, state.judgedUntilUs, state.watermarkUs - latenessUs);
}

/** Midnights to announce now, ascending: those that the tenant's labels have reached. */
export function dueMidnights(state: EventTime, labelsUntilUs: bigint): bigint[] {
  const bound = state.watermarkUs + DAY_US;
  return multiplesIn(DAY_US, state.announcedUntilUs, labelsUntilUs < bound ? labelsUntilUs : bound);
}

/** Multiples of `step` in (after, upTo]. */
function multiplesIn(step: bigint, after: bigint, upTo: bigint): bigint[] {
  const multiples: bigint[] = [];
  for (let next = after - (after % step) + step; next <= upTo; next += step) multiples.push(next);
  return multiples;
}
