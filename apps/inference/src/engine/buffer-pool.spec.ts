import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { BufferPool } from './buffer-pool.ts';

describe('BufferPool', () => {
  it('gives a kept buffer of just the size, once', () => {
    const pool = new BufferPool(1000);
    const buffer = new ArrayBuffer(64);
    pool.give(buffer);
    pool.give(buffer);
    expect(pool.take(32)).not.toBe(buffer);
    expect(pool.take(64)).toBe(buffer);
    expect(pool.take(64)).not.toBe(buffer);
  });

  it('keeps the latest within its bound, and hands none out twice', () => {
    const step = fc.record({ size: fc.integer({ min: 0, max: 60 }), gives: fc.boolean() });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const pool = new BufferPool(100);
        const held = new Set<ArrayBuffer>();
        for (const { size, gives } of steps) {
          const [given] = held;
          if (gives && given !== undefined) {
            held.delete(given);
            pool.give(given);
          } else {
            const taken = pool.take(size);
            expect(taken.byteLength).toBe(size);
            expect(held.has(taken)).toBe(false);
            held.add(taken);
          }
          expect(pool.keptBytes).toBeLessThanOrEqual(100);
        }
      }),
    );
  });
});
