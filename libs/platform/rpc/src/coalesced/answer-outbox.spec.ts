import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { MetadataMap } from '../context/metadata.ts';
import { AnswerOutbox } from './answer-outbox.ts';
import { decodeAnswers } from './decode-frame.ts';
import { EMPTY_ANSWER, type AnswerItem } from './items.ts';

const MIB = 1024 * 1024;

async function framesOf(answers: readonly AnswerItem[]): Promise<Buffer[]> {
  const frames: Buffer[] = [];
  const outbox = new AnswerOutbox(
    async (frame) => {
      frames.push(frame);
    },
    () => undefined,
  );
  for (const answer of answers) outbox.add(answer);
  await outbox.flushed();
  return frames;
}

const idsIn = (frame: Buffer): number[] => decodeAnswers(frame).items.map(({ callId }) => callId);
const numbered = (count: number, answer: Partial<AnswerItem>): AnswerItem[] =>
  Array.from({ length: count }, (_, index) => ({ ...EMPTY_ANSWER, ...answer, callId: index + 1 }));
const idsUpTo = (count: number): number[] => Array.from({ length: count }, (_, index) => index + 1);

describe('the outbox of answers', () => {
  it('closes a message at half of the items that a reader takes', async () => {
    const frames = await framesOf(numbered(5_000, {}));
    expect(frames.map((frame) => idsIn(frame).length)).toEqual([64, 2_048, 2_048, 840]);
    expect(frames.flatMap(idsIn)).toEqual(idsUpTo(5_000));
  });

  it('sends a full message at once and the rest of the turn at its end', async () => {
    const frames: Buffer[] = [];
    const outbox = new AnswerOutbox(
      async (frame) => {
        frames.push(frame);
      },
      () => undefined,
    );
    for (const answer of numbered(150, {})) {
      outbox.add(answer);
      await Promise.resolve();
      await Promise.resolve();
    }
    expect(frames.map((frame) => idsIn(frame).length)).toEqual([64, 64]);
    await outbox.flushed();
    expect(frames.flatMap(idsIn)).toEqual(idsUpTo(150));
  });

  it('gathers what comes while the connection takes no more', async () => {
    const frames: Buffer[] = [];
    const { promise, resolve } = Promise.withResolvers<undefined>();
    const outbox = new AnswerOutbox(
      async (frame) => {
        frames.push(frame);
        if (frames.length === 1) await promise;
      },
      () => undefined,
    );
    for (const answer of numbered(500, {})) outbox.add(answer);
    await new Promise((turn) => setImmediate(turn));
    expect(frames.map((frame) => idsIn(frame).length)).toEqual([64]);
    resolve(undefined);
    await outbox.flushed();
    expect(frames.map((frame) => idsIn(frame).length)).toEqual([64, 436]);
  });

  const trailers = MetadataMap.from({ 'x-detail-bin': Buffer.alloc(6_000) });
  it.each([
    ['payloads', { payload: Buffer.alloc(6_000) }],
    ['error details', { code: 8, statusDetails: Buffer.alloc(6_000) }],
    ['trailers', { trailers }],
  ])('keeps a message of many %s under 1 MiB', async (_what, answer) => {
    const frames = await framesOf(numbered(400, answer));
    for (const frame of frames) expect(frame.length).toBeLessThanOrEqual(MIB);
    expect(frames.flatMap(idsIn)).toEqual(idsUpTo(400));
  });

  it('counts what surrounds an item', async () => {
    const sizes = fc.array(fc.constantFrom(0, 1, 100, 200_000, 524_270, 524_288, 2 * MIB), { maxLength: 12 });
    await fc.assert(
      fc.asyncProperty(sizes, async (list) => {
        const answers = list.map((size, index) => ({
          ...EMPTY_ANSWER,
          callId: index + 1,
          payload: Buffer.alloc(size),
        }));
        const frames = await framesOf(answers);
        for (const frame of frames)
          expect(frame.length <= MIB || decodeAnswers(frame).items.length === 1).toBe(true);
        expect(frames.flatMap(idsIn)).toEqual(idsUpTo(list.length));
      }),
      { numRuns: 40 },
    );
  });

  it('is full of error details and trailers too', () => {
    const blocked = new AnswerOutbox(
      () => new Promise(() => undefined),
      () => undefined,
    );
    for (let count = 0; count < 18 * 1024; count += 64)
      blocked.add({ ...EMPTY_ANSWER, statusDetails: Buffer.alloc(32 * 1024), trailers: bigTrailers });
    expect(blocked.isFull).toBe(true);
  });
});

const bigTrailers = MetadataMap.from({ 'x-bin': Buffer.alloc(32 * 1024) });
