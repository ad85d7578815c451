import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { MessageFraming } from './message-framing.ts';

function frame(payload: Uint8Array): Buffer {
  const bytes = Buffer.alloc(5 + payload.length);
  bytes.writeUInt32BE(payload.length, 1);
  bytes.set(payload, 5);
  return bytes;
}

/** Cuts bytes into pieces at these places, in any order. */
function cut(bytes: Buffer, places: readonly number[]): Buffer[] {
  const ends = [...new Set(places.map((place) => place % (bytes.length + 1))), bytes.length];
  const sorted = ends.sort((one, other) => one - other);
  return sorted.map((end, index) => bytes.subarray(sorted[index - 1] ?? 0, end));
}

describe('the framing of messages', () => {
  it('finds the end of every message, however the bytes are cut', () => {
    fc.assert(
      fc.property(
        fc.array(fc.uint8Array({ maxLength: 40 }), { maxLength: 8 }),
        fc.nat(12),
        fc.array(fc.nat(), { maxLength: 12 }),
        (payloads, restBytes, places) => {
          const frames = payloads.map(frame);
          const rest = frame(new Uint8Array(20)).subarray(0, restBytes);
          const framing = new MessageFraming();
          const sizes: number[] = [];
          let comingBytes = 0;
          for (const piece of cut(Buffer.concat([...frames, rest]), places)) {
            const ended = framing.write(piece);
            comingBytes += piece.length;
            for (const [index, bytes] of ended.entries()) {
              const alreadyHere = index === 0 ? comingBytes - piece.length : 0;
              sizes.push(alreadyHere + bytes);
            }
            if (ended.length > 0) comingBytes = piece.length - ended.reduce((sum, bytes) => sum + bytes, 0);
          }
          expect(sizes).toEqual(frames.map(({ length }) => length));
          expect(framing.isInMessage).toBe(restBytes > 0);
        },
      ),
    );
  });
});
