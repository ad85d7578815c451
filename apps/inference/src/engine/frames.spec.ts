import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { encodeFrame, FrameError, FrameReader, MAX_BODY_BYTES } from './frames.ts';

const message = fc.record({
  head: fc.record({ text: fc.string() }),
  body: fc.uint8Array({ maxLength: 300 }),
});

/** The bytes cut at these places. */
function chunksOf(bytes: Uint8Array, cuts: readonly number[]): Uint8Array[] {
  const places = [0, ...cuts.map((cut) => cut % (bytes.length + 1)).sort((a, b) => a - b), bytes.length];
  return places.slice(1).map((end, index) => bytes.subarray(places[index], end));
}

describe('FrameReader', () => {
  it('gives the frames that were written, wherever the stream is cut', () => {
    fc.assert(
      fc.property(fc.array(message, { maxLength: 5 }), fc.array(fc.nat()), (messages, cuts) => {
        const stream = Buffer.concat(messages.flatMap(({ head, body }) => encodeFrame(head, [body])));
        const reader = new FrameReader();
        const frames = chunksOf(stream, cuts).flatMap((chunk) => reader.push(chunk));
        expect(frames.map(({ head, body }) => ({ head, body: new Uint8Array(body) }))).toEqual(messages);
      }),
    );
  });

  it('joins the parts of a body', () => {
    const [frame] = new FrameReader().push(
      Buffer.concat(encodeFrame({}, [Uint8Array.of(1), new Uint8Array(), Uint8Array.of(2, 3)])),
    );
    expect([...new Uint8Array(frame?.body ?? new ArrayBuffer(0))]).toEqual([1, 2, 3]);
  });

  it.each([
    ['no head', [0, 4]],
    ['a head beyond any signature', [2 ** 32 - 1, 0]],
    ['a body beyond any batch', [2, MAX_BODY_BYTES + 1]],
  ])('refuses a frame with %s before it makes room for it', (_, [head = 0, body = 0]) => {
    const prefix = Buffer.alloc(8);
    prefix.writeUInt32LE(head, 0);
    prefix.writeUInt32LE(body, 4);
    expect(() => new FrameReader().push(prefix)).toThrow(FrameError);
  });

  it('throws nothing but FrameError at hostile bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 8 }), fc.uint8Array({ maxLength: 40 }), (lengths, rest) => {
        const prefix = Uint8Array.from({ length: 8 }, (_, index) =>
          index % 4 === 0 ? (lengths[index] ?? 0) % 20 : 0,
        );
        try {
          new FrameReader().push(Buffer.concat([prefix, rest]));
        } catch (error) {
          expect(error).toBeInstanceOf(FrameError);
        }
      }),
    );
  });
});
