import { describe, expect, it } from '@jest/globals';
import { joinRows } from './test-rows.ts';

const MIB = 2 ** 20;

describe('joinRows', () => {
  it('lets others run while it gathers a large batch', async () => {
    const row = { shapes: [[1, MIB]], raw: [new Uint8Array(4 * MIB)] };
    let turns = 0;
    let joined = false;
    const count = () => {
      turns++;
      if (!joined) setImmediate(count);
    };
    setImmediate(count);
    const batch = await joinRows(Array.from({ length: 16 }, () => row));
    joined = true;
    expect(batch.raw[0]).toHaveLength(64 * MIB);
    expect(turns).toBeGreaterThan(4);
  });
});
