/** Sequence numbers that never came, [first, last]. */
export interface SequenceGap {
  readonly first: bigint;
  readonly last: bigint;
  /** When a later number came without them, epoch microseconds. */
  readonly noticedAtUs: bigint;
}

/** What has come of one epoch of one producer. */
export interface ProducerSequence {
  readonly producerId: string;
  readonly epoch: bigint;
  /** The smallest number above all that came. */
  readonly next: bigint;
  /** Ascending and disjoint, all below `next`. */
  readonly gaps: readonly SequenceGap[];
}

/** A producer with more holes than this has its two oldest merged: loss is overstated rather than forgotten. */
const MAX_GAPS = 1_000;

/** A producer of which nothing has come yet. */
export function unseenSequence(producerId: string, epoch: bigint): ProducerSequence {
  return { producerId, epoch, next: 1n, gaps: [] };
}

/** The sequence after `numbers` have come, in any order and any number of times. */
export function receive(
  sequence: ProducerSequence,
  numbers: readonly bigint[],
  nowUs: bigint,
): ProducerSequence {
  return numbers.toSorted(ascending).reduce((state, number) => receiveOne(state, number, nowUs), sequence);
}

function receiveOne(state: ProducerSequence, number: bigint, nowUs: bigint): ProducerSequence {
  if (number === state.next) return { ...state, next: number + 1n };
  if (number > state.next) {
    const gap = { first: state.next, last: number - 1n, noticedAtUs: nowUs };
    return { ...state, next: number + 1n, gaps: bounded([...state.gaps, gap]) };
  }
  return { ...state, gaps: state.gaps.flatMap((gap) => without(gap, number)) };
}

function without(gap: SequenceGap, number: bigint): SequenceGap[] {
  if (number < gap.first || number > gap.last) return [gap];
  const rest = [
    { ...gap, last: number - 1n },
    { ...gap, first: number + 1n },
  ];
  return rest.filter(({ first, last }) => first <= last);
}

function bounded(gaps: readonly SequenceGap[]): readonly SequenceGap[] {
  const [oldest, second, ...rest] = gaps;
  if (gaps.length <= MAX_GAPS || !oldest || !second) return gaps;
  return [{ ...oldest, last: second.last }, ...rest];
}

function ascending(a: bigint, b: bigint): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
