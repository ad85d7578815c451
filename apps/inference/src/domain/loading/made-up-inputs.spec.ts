import { describe, expect, it } from '@jest/globals';
import { decodeBytesElements } from '@plumbline/tensors';
import type { ModelSignature } from '../signature.ts';
import { madeUpInputs, madeUpRows, madeUpShapes } from './made-up-inputs.ts';

const signatureOf = (shape: readonly number[]): ModelSignature => ({
  inputs: [{ name: 'x', datatype: 'FP32', shape }],
  outputs: [{ name: 'y', datatype: 'FP32', shape: [-1, 1] }],
});
const rowShapes = (signature: ModelSignature) => madeUpShapes(signature)[0] ?? [];
const MIB = 2 ** 20;

describe('madeUpRows', () => {
  it('are the same every time, of both signs, and of magnitudes from 0.01 to 10 000 where mixed', async () => {
    const signature = signatureOf([-1, 100]);
    const shapes = rowShapes(signature);
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
      const rows = await madeUpRows(signature, rowShapes(signature), true);
      return [rows.length, rows.reduce((sum, { raw: [raw] }) => sum + (raw?.length ?? 0), 0)];
    };
    expect(await bytesOf(10)).toEqual([16, 16 * 40]);
    expect(await bytesOf(MIB / 4)).toEqual([4, 4 * MIB]);
    expect(await bytesOf(2 * MIB)).toEqual([2, 16 * MIB]);
  });
});

describe('madeUpInputs', () => {
  const textsOf = (elements: number): ModelSignature => ({
    inputs: [{ name: 'words', datatype: 'BYTES', shape: [-1, elements] }],
    outputs: [],
  });

  it('have the declared shapes with every open dimension as wide as asked for', async () => {
    const signature: ModelSignature = {
      inputs: [
        { name: 'x', datatype: 'FP32', shape: [-1, 3, -1] },
        { name: 'flag', datatype: 'BOOL', shape: [] },
      ],
      outputs: [],
    };
    const { shapes, raw } = await madeUpInputs(signature, 2);
    expect(shapes).toEqual([[2, 3, 2], []]);
    expect(raw.map(({ length }) => length)).toEqual([48, 1]);
    expect((await madeUpInputs(signature, 2)).raw).toEqual(raw);
  });

  it('repeat texts where there are many, whole ones to the last', async () => {
    for (const count of [0, 1, 16_381, 16_382, 40_000]) {
      const [raw] = (await madeUpInputs(textsOf(count), 1)).raw;
      const texts = decodeBytesElements(raw ?? new Uint8Array()).map(String);
      expect(texts).toHaveLength(count);
      expect(texts.every((text, at) => text === texts[at % 16_381])).toBe(true);
    }
  });

  it('repeat numbers where there are many', async () => {
    const signature: ModelSignature = {
      inputs: [{ name: 'k', datatype: 'INT64', shape: [-1, 40_000] }],
      outputs: [],
    };
    const [raw] = (await madeUpInputs(signature, 1)).raw;
    const numbers = new BigInt64Array((raw as Uint8Array).buffer);
    expect(numbers).toHaveLength(40_000);
    expect(new Set(numbers)).toEqual(new Set([0n, 1n]));
    expect(numbers.every((number, at) => number === numbers[at % 16_381])).toBe(true);
  });

  it('are refused before they are made where they take more than a run may', async () => {
    await expect(madeUpInputs(textsOf(2 ** 40), 1)).rejects.toMatchObject({ reason: 'BATCH_TOO_LARGE' });
  });
});
