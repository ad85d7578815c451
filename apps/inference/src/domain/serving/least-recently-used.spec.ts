import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { LeastRecentlyUsed } from './least-recently-used.ts';

interface NaiveEntry {
  readonly key: string;
  readonly value: number;
  readonly bytes: number;
}

/** A list, the least recently used first. */
class Naive {
  entries: NaiveEntry[] = [];
  readonly #maxBytes: number;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  get bytes(): number {
    return this.entries.reduce((sum, { bytes }) => sum + bytes, 0);
  }

  get(key: string): number | undefined {
    const found = this.entries.find((entry) => entry.key === key);
    if (found !== undefined) this.entries = [...this.#without(key), found];
    return found?.value;
  }

  set(key: string, value: number, bytes: number): void {
    this.entries = [...this.#without(key), ...(bytes > this.#maxBytes ? [] : [{ key, value, bytes }])];
    while (this.bytes > this.#maxBytes) this.entries.shift();
  }

  deleteWhere(holds: (value: number) => boolean): void {
    this.entries = this.entries.filter(({ value }) => !holds(value));
  }

  #without(key: string): NaiveEntry[] {
    return this.entries.filter((entry) => entry.key !== key);
  }
}

const key = fc.constantFrom('a', 'b', 'c', 'd', 'e');
const step = fc.oneof(
  fc.record({ do: fc.constant('get' as const), key }),
  fc.record({
    do: fc.constant('set' as const),
    key,
    value: fc.integer({ min: 0, max: 9 }),
    bytes: fc.integer({ min: 0, max: 12 }),
  }),
  fc.record({ do: fc.constant('drop' as const), value: fc.integer({ min: 0, max: 9 }) }),
);

describe('LeastRecentlyUsed', () => {
  it('keeps what a list kept in order of use keeps, within its bytes', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 25 }), fc.array(step, { maxLength: 40 }), (maxBytes, steps) => {
        const lru = new LeastRecentlyUsed<number>(maxBytes);
        const naive = new Naive(maxBytes);
        for (const taken of steps) {
          if (taken.do === 'get') expect(lru.get(taken.key)).toBe(naive.get(taken.key));
          else if (taken.do === 'set') {
            lru.set(taken.key, taken.value, taken.bytes);
            naive.set(taken.key, taken.value, taken.bytes);
          } else {
            lru.deleteWhere((value) => value === taken.value);
            naive.deleteWhere((value) => value === taken.value);
          }
          expect(lru.bytes).toBe(naive.bytes);
          expect(lru.size).toBe(naive.entries.length);
        }
      }),
      { numRuns: 500 },
    );
  });
});
