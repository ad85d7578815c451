import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { frame, readFrames } from './spool-frame.ts';

const entries = fc.array(fc.uint8Array({ maxLength: 64 }), { maxLength: 20 });

describe('spool frames', () => {
  it('read back in order', () => {
    fc.assert(
      fc.property(entries, (written) => {
        const read = readFrames(Buffer.concat(written.map(frame)));
        expect(read.map((entry) => [...entry])).toEqual(written.map((entry) => [...entry]));
      }),
    );
  });

  it('end at a torn tail and keep every whole entry before it', () => {
    fc.assert(
      fc.property(entries, fc.nat(), (written, seed) => {
        const segment = Buffer.concat(written.map(frame));
        const cut = segment.length === 0 ? 0 : seed % segment.length;
        const ends = written.map((_, i) => Buffer.concat(written.slice(0, i + 1).map(frame)).length);
        expect(readFrames(segment.subarray(0, cut))).toHaveLength(ends.filter((end) => end <= cut).length);
      }),
    );
  });

  it('end before a damaged entry', () => {
    const segment = Buffer.concat([frame(Buffer.from('one')), frame(Buffer.from('two'))]);
    segment[segment.length - 1] = 0;
    expect(readFrames(segment).map(String)).toEqual(['one']);
  });
});
