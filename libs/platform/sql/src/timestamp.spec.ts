import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { parseTimestamp, timestamp } from './timestamp.ts';

const instantUs = fc.bigInt({ min: -62_135_596_800_000_000n, max: 253_402_300_799_999_999n });

describe('timestamps', () => {
  it('survive writing and reading to the microsecond', () => {
    fc.assert(
      fc.property(instantUs, (us) => {
        const text = timestamp(us).replace('T', ' ').replace('Z', '+00');
        expect(parseTimestamp(text)).toBe(us);
      }),
    );
  });

  it('agree with Date to the millisecond', () => {
    fc.assert(
      fc.property(instantUs, (us) => {
        const ms = us / 1_000n - (us % 1_000n < 0n ? 1n : 0n);
        expect(timestamp(us).slice(0, 23)).toBe(new Date(Number(ms)).toISOString().slice(0, 23));
      }),
    );
  });

  it.each(['infinity', '-infinity', '0044-03-15 00:00:00+00 BC', '2001-01-01 00:00:00+02'])(
    'refuses %s',
    (text) => {
      expect(() => parseTimestamp(text)).toThrow(RangeError);
    },
  );
});
