import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { spacedRows } from './golden-set.ts';
import { memoryLimit } from './memory.ts';
import { Slots } from './slots.ts';

const MIB = 1024 * 1024;

describe('memoryLimit', () => {
  it('refuses what would exceed it before it is taken, and what has exceeded it afterwards', () => {
    let resident = 100 * MIB;
    const limit = memoryLimit(256 * MIB, () => resident);
    limit.reserve(156 * MIB, 'a data set');
    expect(() => limit.reserve(157 * MIB, 'a data set')).toThrow('a data set needs about 157 MiB');
    limit.check();
    resident = 257 * MIB;
    expect(() => limit.check()).toThrow('the process has 257 MiB; it may have 256');
  });
});

describe('spacedRows', () => {
  it('spreads distinct rows from the first to the last', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 5000 }), fc.integer({ min: 2, max: 300 }), (rowCount, most) => {
        const rows = [...spacedRows(rowCount, most)];
        expect(rows).toHaveLength(Math.min(rowCount, most));
        expect(rows[0]).toBe(0);
        expect(rows.at(-1)).toBe(rowCount - 1);
        expect(new Set(rows).size).toBe(rows.length);
      }),
    );
  });
});

describe('Slots', () => {
  const { signal } = new AbortController();

  it('never lets more in than there are, and lets the waiting in as they came', async () => {
    const slots = new Slots(2);
    const entered: number[] = [];
    const enter = async (number: number) => {
      const release = await slots.acquire(signal);
      entered.push(number);
      return release;
    };
    const [first, second] = [await enter(1), await enter(2)];
    const others = [enter(3), enter(4)];
    expect(entered).toEqual([1, 2]);
    second();
    await others[0];
    expect(entered).toEqual([1, 2, 3]);
    first();
    await others[1];
    expect(entered).toEqual([1, 2, 3, 4]);
  });

  it('forgets who gives up waiting', async () => {
    const slots = new Slots(1);
    const release = await slots.acquire(signal);
    const giveUp = new AbortController();
    const waiting = slots.acquire(giveUp.signal);
    giveUp.abort(new Error('enough'));
    await expect(waiting).rejects.toThrow('enough');
    release();
    await expect(slots.acquire(signal)).resolves.toBeInstanceOf(Function);
    await expect(slots.acquire(giveUp.signal)).rejects.toThrow('enough');
  });
});
