import { describe, expect, it } from '@jest/globals';
import { clampTimeoutMs } from './limits.ts';

const LIMITS = {
  maxMessageBytes: 1,
  maxElements: 1,
  maxDeadlineMs: 600_000,
  defaultDeadlineMs: 30_000,
};

describe('the time that a call gets', () => {
  it.each([
    ['is the default where its client names none', undefined, 30_000],
    ['leaves a twentieth of what its client grants for the way back', 100, 95],
    ['leaves 50 ms at most', 5_000, 4_950],
    ['is no longer than the method allows', Infinity, 600_000],
    ['is over where it was over before', 0, 0],
    ['stays negative', -3, -3],
  ])('%s', (_what, requestedMs, expected) => {
    expect(clampTimeoutMs(requestedMs, LIMITS)).toBe(expected);
  });
});
