import { describe, expect, it } from '@jest/globals';
import { ReplacementBackoff } from './replacement-backoff.ts';

function waitsOf(backoff: ReplacementBackoff, losses: number): number[] {
  return Array.from({ length: losses }, () => {
    backoff.lost();
    return backoff.waitMs;
  });
}

const prompt = Array.from({ length: 12 }, () => 0);

describe('ReplacementBackoff', () => {
  it('waits for nothing while a request may be to blame, then longer each time', () => {
    const waits = waitsOf(new ReplacementBackoff(), 24);
    expect(waits).toEqual([
      ...prompt,
      50,
      100,
      200,
      400,
      800,
      1_600,
      3_200,
      6_400,
      10_000,
      10_000,
      10_000,
      10_000,
    ]);
  });

  it('starts again once a runner has run soundly, and not before', () => {
    const backoff = new ReplacementBackoff();
    waitsOf(backoff, 14);
    backoff.answered();
    backoff.answered();
    expect(waitsOf(backoff, 1)).toEqual([200]);
    for (let run = 0; run < 3; run++) backoff.answered();
    expect(waitsOf(backoff, 13)).toEqual([...prompt, 50]);
  });

  it('waits at once where no runner can be had', () => {
    const backoff = new ReplacementBackoff();
    backoff.lost();
    expect(backoff.waitMs).toBe(0);
    const waits = Array.from({ length: 3 }, () => {
      backoff.failed();
      return backoff.waitMs;
    });
    expect(waits).toEqual([50, 100, 200]);
  });
});
