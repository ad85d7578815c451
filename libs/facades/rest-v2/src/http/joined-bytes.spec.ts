import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { JoinedBytes } from './joined-bytes.ts';

describe('joined bytes', () => {
  it('are the pieces one after the other, whatever their sizes', () => {
    const pieces = fc.array(fc.uint8Array({ maxLength: 50 }).map((bytes) => Buffer.from(bytes)));
    fc.assert(
      fc.property(pieces, (given) => {
        const joined = new JoinedBytes();
        for (const piece of given) joined.add(piece);
        expect(joined.bytes).toEqual(Buffer.concat(given));
        expect(joined.length).toBe(Buffer.concat(given).length);
      }),
    );
  });

  it('leave the pieces as they are', () => {
    const first = Buffer.from('abc');
    const joined = new JoinedBytes();
    joined.add(first.subarray(0, 1));
    joined.add(Buffer.from('x'));
    expect([joined.bytes.toString(), first.toString()]).toEqual(['ax', 'abc']);
  });
});
