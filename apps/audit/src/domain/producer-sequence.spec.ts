import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { receive, unseenSequence, type ProducerSequence } from './producer-sequence.ts';

const START = unseenSequence('gateway', 1n);
const numbers = fc.array(fc.bigInt({ min: 1n, max: 60n }), { maxLength: 80 });
const batches = fc.array(numbers, { maxLength: 10 });

const missing = ({ gaps }: ProducerSequence) =>
  gaps.flatMap(({ first, last }) =>
    Array.from({ length: Number(last - first) + 1 }, (_, offset) => first + BigInt(offset)),
  );

describe('a producer sequence', () => {
  it('misses exactly the numbers that did not come, in whatever order the others did', () => {
    fc.assert(
      fc.property(batches, (received) => {
        const state = received.reduce((before, batch, at) => receive(before, batch, BigInt(at)), START);
        const came = new Set(received.flat());
        const highest = [...came].reduce((a, b) => (a > b ? a : b), 0n);
        const expected = Array.from({ length: Number(highest) }, (_, n) => BigInt(n) + 1n).filter(
          (n) => !came.has(n),
        );
        expect(missing(state)).toEqual(expected);
        expect(state.next).toBe(highest + 1n);
      }),
    );
  });

  it('remembers when a gap was noticed, also when it is split', () => {
    const gapped = receive(START, [1n, 10n], 100n);
    const split = receive(gapped, [5n], 200n);
    expect(split.gaps).toEqual([
      { first: 2n, last: 4n, noticedAtUs: 100n },
      { first: 6n, last: 9n, noticedAtUs: 100n },
    ]);
  });

  it('overstates loss rather than forgetting it when holes are too many', () => {
    const sparse = Array.from({ length: 1_500 }, (_, index) => BigInt(2 * index + 2));
    const state = receive(START, sparse, 1n);
    expect(state.gaps.length).toBe(1_000);
    expect(state.gaps[0]?.first).toBe(1n);
    for (const odd of [1n, 999n, 2_999n]) {
      expect(state.gaps.some(({ first, last }) => first <= odd && odd <= last)).toBe(true);
    }
  });
});
