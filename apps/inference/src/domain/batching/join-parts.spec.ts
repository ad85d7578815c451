import { describe, expect, it } from '@jest/globals';
import { joinParts } from './join-parts.ts';

const part = (fromRow: number, shape: number[], ...bytes: number[]) => ({
  fromRow,
  outputs: [{ shape, raw: Uint8Array.from(bytes) }],
});

describe('joinParts', () => {
  it('puts rows in their order, whatever order their batches ended in', () => {
    const parts = [part(3, [1, 2], 7, 8), part(0, [2, 2], 1, 2, 3, 4), part(2, [1, 2], 5, 6)];
    const [joined] = joinParts(parts, 4);
    expect(joined?.shape).toEqual([4, 2]);
    expect([...(joined?.raw ?? [])]).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
  });

  it('refuses rows of different widths', () => {
    expect(() => joinParts([part(0, [1, 2], 1, 2), part(1, [1, 3], 1, 2, 3)], 2)).toThrow(
      expect.objectContaining({ reason: 'OUTPUT_ROWS_MISMATCH' }),
    );
  });
});
