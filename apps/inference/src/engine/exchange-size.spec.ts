import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { ExchangeSize, KEPT_BYTES, SMALL_RUNS } from './exchange-size.ts';

const MIB = 2 ** 20;

/** A run after another in the first place. */
function runs(size: ExchangeSize, count: number, sizeBytes: number): void {
  for (let run = 0; run < count; run++) {
    size.place(0, sizeBytes);
    size.endRun();
  }
}

describe('ExchangeSize', () => {
  it('is outgrown when so many small runs in a row have followed a large one', () => {
    const size = new ExchangeSize();
    runs(size, 1, 200 * MIB);
    expect([size.excessive, size.outgrown]).toEqual([true, false]);
    runs(size, SMALL_RUNS - 2, MIB);
    expect(size.outgrown).toBe(false);
    runs(size, 1, MIB);
    expect(size.outgrown).toBe(true);
    size.clear();
    expect([size.heldBytes, size.excessive, size.outgrown]).toEqual([0, false, false]);
  });

  it('is not outgrown by runs of one size, nor while large ones come now and then, nor while it is small', () => {
    const size = new ExchangeSize();
    for (const position of [0, 1, 2, 3, 4, 5, 6, 7]) size.place(position, 4 * MIB);
    runs(size, 3 * SMALL_RUNS, 4 * MIB);
    expect([size.heldBytes, size.excessive, size.outgrown]).toEqual([32 * MIB, true, false]);
    for (let round = 0; round < 5; round++) {
      runs(size, 1, 30 * MIB);
      runs(size, SMALL_RUNS - 2, MIB);
    }
    expect(size.outgrown).toBe(false);
    size.clear();
    runs(size, 1, KEPT_BYTES);
    runs(size, 2 * SMALL_RUNS, 1);
    expect([size.excessive, size.outgrown]).toEqual([false, false]);
  });

  it('holds what was reached in every place', () => {
    const placed = fc.array(fc.tuple(fc.nat(3), fc.nat(1_000)));
    fc.assert(
      fc.property(placed, (all) => {
        const size = new ExchangeSize();
        for (const [position, sizeBytes] of all) size.place(position, sizeBytes);
        const reached = [0, 1, 2, 3].map((place) =>
          Math.max(0, ...all.filter(([position]) => position === place).map(([, sizeBytes]) => sizeBytes)),
        );
        expect(size.heldBytes).toBe(reached.reduce((sum, bytes) => sum + bytes, 0));
      }),
    );
  });
});
