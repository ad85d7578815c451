import { describe, expect, it } from '@jest/globals';
import { parseTimeout } from './request-timeout.ts';

describe('parseTimeout', () => {
  it.each([
    ['1H', 3_600_000],
    ['2M', 120_000],
    ['3S', 3_000],
    ['4m', 4],
    ['500u', 0.5],
    ['1000000n', 1],
    ['0m', 0],
    ['99999999H', 99_999_999 * 3_600_000],
  ])('reads %s as %d ms', (header, expected) => {
    expect(parseTimeout(header)).toBeCloseTo(expected, 6);
  });

  it('answers undefined for no header and null for what it cannot read', () => {
    expect(parseTimeout(undefined)).toBeUndefined();
    for (const header of ['', 'm', '10', '123456789m', '-1m', '1.5S', '1d', ' 1m']) {
      expect(parseTimeout(header)).toBeNull();
    }
  });
});
