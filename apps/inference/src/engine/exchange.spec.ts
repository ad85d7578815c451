import { ftruncateSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import {
  closeExchange,
  ExchangeSlots,
  fetchPlaced,
  fetchPlacedSync,
  openExchange,
  place,
  placeSync,
} from './exchange.ts';
import { FrameError, MAX_BODY_BYTES } from './frames.ts';

async function withExchange(test: (exchange: number) => Promise<void>): Promise<void> {
  const exchange = openExchange();
  if (exchange === undefined) throw new Error('no exchange');
  try {
    await test(exchange);
  } finally {
    closeExchange(exchange);
  }
}

describe('an exchange', () => {
  it('gives back what was placed, at once or not, in every place', async () => {
    const parts = [Uint8Array.of(1, 2), new Uint8Array(), Uint8Array.of(3)];
    await withExchange(async (exchange) => {
      for (const position of [0, MAX_BODY_BYTES, 3 * MAX_BODY_BYTES]) {
        expect(await place(exchange, parts, position)).toBe(true);
        const target = new Uint8Array(3);
        fetchPlacedSync(exchange, target, position);
        expect([...target]).toEqual([1, 2, 3]);
        expect(placeSync(exchange, [Uint8Array.of(9)], position + 1)).toBe(true);
        await fetchPlaced(exchange, target, position);
        expect([...target]).toEqual([1, 9, 3]);
      }
    });
  });

  it('refuses to wait for bytes that were not placed', async () => {
    await withExchange(async (exchange) => {
      ftruncateSync(exchange, 2);
      await expect(fetchPlaced(exchange, new Uint8Array(3), 0)).rejects.toBeInstanceOf(FrameError);
      expect(() => fetchPlacedSync(exchange, new Uint8Array(3), 0)).toThrow(FrameError);
    });
  });

  it('says where it has no room', async () => {
    expect(placeSync(-1, [Uint8Array.of(1)], 0)).toBe(false);
    expect(await place(-1, [Uint8Array.of(1)], 0)).toBe(false);
  });
});

describe('ExchangeSlots', () => {
  it('never has two runs in one place, and has places for some', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(40), { maxLength: 80 }), (runs) => {
        const slots = new ExchangeSlots();
        const taken = new Map<number, number>();
        for (const run of runs) {
          if (taken.delete(run)) slots.release(run);
          else {
            const slot = slots.take(run, new ArrayBuffer(1));
            if (slot === undefined) expect(taken.size).toBe(16);
            else taken.set(run, slot.position);
          }
          expect(new Set(taken.values()).size).toBe(taken.size);
          for (const [each, position] of taken) expect(slots.of(each)?.position).toBe(position);
        }
      }),
    );
  });
});
