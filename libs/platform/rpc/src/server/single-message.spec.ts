import { deflateSync, gzipSync } from 'node:zlib';
import { describe, expect, it } from '@jest/globals';
import { eventually } from '@plumbline/testing';
import fc from 'fast-check';
import { SingleMessage } from './single-message.ts';

const MAX_BYTES = 1_000;

function receiving(encoding?: string, keptBytes = Infinity) {
  const unpacked: number[] = [];
  const message = new SingleMessage(MAX_BYTES, encoding, {
    unpacked: (bytes) => {
      unpacked.push(bytes);
      return bytes <= keptBytes;
    },
  });
  return { message, unpacked };
}

function frame(payload: Buffer, compressed = false): Buffer {
  const prefix = Buffer.alloc(5);
  prefix[0] = compressed ? 1 : 0;
  prefix.writeUInt32BE(payload.length, 1);
  return Buffer.concat([prefix, payload]);
}

function cut(bytes: Buffer, at: readonly number[]): Buffer[] {
  const places = [0, ...at.map((place) => place % (bytes.length + 1)).sort((a, b) => a - b), bytes.length];
  return places.slice(1).map((end, index) => bytes.subarray(places[index], end));
}

const payloads = fc.uint8Array({ maxLength: MAX_BYTES }).map((bytes) => Buffer.from(bytes));
const cuts = fc.array(fc.nat(), { maxLength: 6 });

describe('a single message', () => {
  it('is put together from any pieces, asked for at any time', async () => {
    await fc.assert(
      fc.asyncProperty(payloads, cuts, fc.nat(), async (payload, at, askedAt) => {
        const { message, unpacked } = receiving();
        const pieces = cut(frame(payload), at);
        const asked = askedAt % (pieces.length + 2);
        let received: Promise<Buffer> | undefined;
        pieces.forEach((piece, index) => {
          if (index === asked) received = message.received();
          message.write(piece);
        });
        if (asked === pieces.length) received = message.received();
        message.end();
        expect(Buffer.compare(await (received ?? message.received()), payload)).toBe(0);
        expect(unpacked).toEqual([]);
      }),
    );
  });

  it.each([
    ['gzip', gzipSync],
    ['deflate', deflateSync],
  ] as const)('is decompressed from %s, and its length told', async (encoding, compress) => {
    await fc.assert(
      fc.asyncProperty(payloads, cuts, async (payload, at) => {
        const { message, unpacked } = receiving(encoding);
        const packed = compress(payload);
        fc.pre(packed.length <= MAX_BYTES);
        for (const piece of cut(frame(packed, true), at)) message.write(piece);
        message.end();
        expect(Buffer.compare(await message.received(), payload)).toBe(0);
        expect(unpacked.at(-1) ?? 0).toBe(payload.length);
      }),
      { numRuns: 30 },
    );
  });

  it('is not decompressed further than may be kept', async () => {
    const { message, unpacked } = receiving('gzip', 0);
    message.write(frame(gzipSync(Buffer.alloc(MAX_BYTES)), true));
    message.end();
    await eventually(() => unpacked.length > 0);
    expect(unpacked).toHaveLength(1);
  });

  it('is decompressed once, however often its end is told', async () => {
    const { message, unpacked } = receiving('gzip');
    message.write(frame(gzipSync(Buffer.alloc(100)), true));
    message.end();
    message.end();
    expect(await message.received()).toHaveLength(100);
    message.end();
    const other = receiving('gzip');
    other.message.write(frame(gzipSync(Buffer.alloc(100)), true));
    other.message.end();
    await other.message.received();
    expect(unpacked).toEqual([100]);
  });

  it('is not decompressed any further once it is dropped', async () => {
    const { message, unpacked } = receiving('gzip');
    message.write(frame(gzipSync(Buffer.alloc(MAX_BYTES)), true));
    message.end();
    message.end();
    message.drop();
    const other = receiving('gzip');
    other.message.write(frame(gzipSync(Buffer.alloc(MAX_BYTES)), true));
    other.message.end();
    await other.message.received();
    expect(unpacked).toEqual([]);
  });

  it('does not hold on to the buffers that its pieces came in', async () => {
    const { message } = receiving();
    const socketBuffer = Buffer.alloc(64 * 1024);
    const bytes = frame(Buffer.from('abc'));
    for (const [at, byte] of bytes.entries()) {
      socketBuffer[at * 100] = byte;
      message.write(socketBuffer.subarray(at * 100, at * 100 + 1));
    }
    message.end();
    const received = await message.received();
    expect(received.toString()).toBe('abc');
    expect(received.buffer).not.toBe(socketBuffer.buffer);
  });

  it('fails as soon as its length is known to be too great', async () => {
    const { message } = receiving();
    message.write(frame(Buffer.alloc(MAX_BYTES + 1)).subarray(0, 5));
    await expect(message.received()).rejects.toMatchObject({ reason: 'MESSAGE_TOO_LARGE' });
  });

  it.each([
    ['nothing', Buffer.alloc(0), undefined, 'WRONG_MESSAGE_COUNT'],
    ['a cut prefix', Buffer.alloc(3), undefined, 'MALFORMED_MESSAGE'],
    ['a cut message', frame(Buffer.alloc(9)).subarray(0, 10), undefined, 'MALFORMED_MESSAGE'],
    [
      'a second message',
      Buffer.concat([frame(Buffer.alloc(1)), Buffer.alloc(5)]),
      undefined,
      'WRONG_MESSAGE_COUNT',
    ],
    ['a compression that nobody named', frame(Buffer.alloc(1), true), undefined, 'UNSUPPORTED_ENCODING'],
    ['a compression that is unknown', frame(Buffer.alloc(1), true), 'zstd', 'UNSUPPORTED_ENCODING'],
    ['a name that every object has', frame(Buffer.alloc(1), true), '__proto__', 'UNSUPPORTED_ENCODING'],
    ['a method that every object has', frame(Buffer.alloc(1), true), 'valueOf', 'UNSUPPORTED_ENCODING'],
    ['what cannot be decompressed', frame(Buffer.from('no gzip'), true), 'gzip', 'MALFORMED_MESSAGE'],
    ['a bomb', frame(gzipSync(Buffer.alloc(MAX_BYTES * 100)), true), 'gzip', 'MESSAGE_TOO_LARGE'],
  ])('refuses %s', async (_name, bytes, encoding, reason) => {
    const { message } = receiving(encoding);
    const received = message.received();
    message.write(bytes);
    message.end();
    await expect(received).rejects.toMatchObject({ reason });
  });
});
