import { describe, expect, it } from '@jest/globals';
import type { ModelSignature } from '../signature.ts';
import { joinRows, madeUpRows, rowShapes } from './test-rows.ts';

const signatureOf = (shape: readonly number[]): ModelSignature => ({
  inputs: [{ name: 'x', datatype: 'FP32', shape }],
  outputs: [{ name: 'y', datatype: 'FP32', shape: [-1, 1] }],
});
const MIB = 2 ** 20;

describe('madeUpRows', () => {
  it('are the same every time, of both signs, and of magnitudes from 0.01 to 10 000 where mixed', async () => {
    const signature = signatureOf([-1, 100]);
    const shapes = rowShapes(signature, 1);
    const rows = await madeUpRows(signature, shapes, true);
    expect(await madeUpRows(signature, shapes, true)).toEqual(rows);
    const values = rows.flatMap(({ raw: [raw] }) => [...new Float32Array((raw as Uint8Array).buffer)]);
    for (const [low, high] of [
      [1000, 10_001],
      [10, 100],
      [0.01, 0.1],
    ] as const) {
      expect(values.some((value) => value > low && value < high)).toBe(true);
      expect(values.some((value) => -value > low && -value < high)).toBe(true);
    }
    const small = await madeUpRows(signature, shapes, false);
    const smallValues = small.flatMap(({ raw: [raw] }) => [...new Float32Array((raw as Uint8Array).buffer)]);
    expect(Math.max(...smallValues.map(Math.abs))).toBeLessThanOrEqual(2);
  });

  it('take at most 4 MiB together, unless two take more', async () => {
    const bytesOf = async (elements: number) => {
      const signature = signatureOf([-1, elements]);
      const rows = await madeUpRows(signature, rowShapes(signature, 1), true);
      return [rows.length, rows.reduce((sum, { raw: [raw] }) => sum + (raw?.length ?? 0), 0)];
    };
    expect(await bytesOf(10)).toEqual([16, 16 * 40]);
    expect(await bytesOf(MIB / 4)).toEqual([4, 4 * MIB]);
    expect(await bytesOf(2 * MIB)).toEqual([2, 16 * MIB]);
  });
});

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
