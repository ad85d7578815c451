import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { leaveBatch } from './leave-batch.ts';

const outputOf = (buffer: ArrayBuffer, offsetBytes: number, sizeBytes: number) => ({
  shape: [sizeBytes],
  raw: new Uint8Array(buffer, offsetBytes, sizeBytes),
});

describe('the outputs of a batch', () => {
  it('keep their bytes, wherever they lie, and the batch goes exactly where it is much larger', () => {
    fc.assert(
      fc.property(
        fc.array(fc.record({ sizeBytes: fc.nat(40), own: fc.boolean() }), { maxLength: 5 }),
        fc.nat(2_000),
        (tensors, inputBytes) => {
          const roomBytes = tensors.reduce((sum, { sizeBytes, own }) => sum + (own ? 0 : sizeBytes), 0);
          const buffer = new ArrayBuffer(inputBytes + roomBytes);
          const sizeOfBatch = buffer.byteLength;
          let at = inputBytes;
          const outputs = tensors.map(({ sizeBytes, own }, index) => {
            const output = own
              ? outputOf(new ArrayBuffer(sizeBytes), 0, sizeBytes)
              : outputOf(buffer, at, sizeBytes);
            if (!own) at += sizeBytes;
            output.raw.fill(index + 1);
            return output;
          });
          const moved = leaveBatch(outputs, buffer);
          expect(moved.map(({ shape, raw }) => [shape, [...raw]])).toEqual(
            tensors.map(({ sizeBytes }, index) => [[sizeBytes], Array(sizeBytes).fill(index + 1)]),
          );
          for (const { raw } of moved) expect(raw.byteOffset % 8 === 0 || raw.buffer === buffer).toBe(true);
          const leftBytes = tensors.reduce(
            (sum, { sizeBytes, own }) => sum + (own ? 0 : 8 * Math.ceil(sizeBytes / 8)),
            0,
          );
          expect(buffer.detached).toBe(4 * leftBytes <= sizeOfBatch);
        },
      ),
    );
  });
});
