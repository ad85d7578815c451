import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { FrameReader, frameOf, type Frame } from './frames.ts';

const frames = fc.array(
  fc.record({
    type: fc.nat(255),
    flags: fc.nat(255),
    streamId: fc.nat(0x7fffffff),
    payload: fc.uint8Array({ maxLength: 300 }),
  }),
  { maxLength: 10 },
);

describe('frames', () => {
  it('are read as they were written, wherever they are cut', () => {
    fc.assert(
      fc.property(frames, fc.array(fc.integer({ min: 1, max: 50 }), { minLength: 1 }), (written, cuts) => {
        const bytes = Buffer.concat(
          written.map(({ type, flags, streamId, payload }) => frameOf(type, flags, streamId, payload)),
        );
        const reader = new FrameReader();
        const read: Omit<Frame, 'payload'>[] = [];
        for (let at = 0, turn = 0; at < bytes.length; turn += 1) {
          const end = at + (cuts[turn % cuts.length] as number);
          reader.read(bytes.subarray(at, end), ({ payload, ...frame }) => {
            read.push(Object.assign(frame, { payload: Uint8Array.from(payload) }));
          });
          at = end;
        }
        expect(read).toEqual(written);
      }),
    );
  });
});
