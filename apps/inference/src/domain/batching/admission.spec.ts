import { describe, expect, it } from '@jest/globals';
import { expectedMs, type Backlog } from './admission.ts';

/** 10 ms a batch, of at most 8 rows. */
const cost = { drainMs: (rows: number, maxRows: number) => 10 * Math.ceil(rows / maxRows) };
const NOTHING: Backlog = {
  ownRows: 1,
  queuedRows: 0,
  retryRows: 0,
  underWayRows: 0,
  maxRows: 8,
  liveRunners: 1,
};

describe('expectedMs', () => {
  it.each<[string, Partial<Backlog>, number]>([
    ['its own batch alone', {}, 10],
    ['its own batch, which runners do not share', { liveRunners: 4 }, 10],
    ['rows under way', { underWayRows: 8 }, 20],
    ['rows that wait', { queuedRows: 15 }, 20],
    ['rows that run again', { retryRows: 8 }, 20],
    [
      'all of them, shared by the runners',
      { underWayRows: 16, queuedRows: 8, retryRows: 7, liveRunners: 2 },
      20,
    ],
    ['all of its own batches one after the other', { ownRows: 24, liveRunners: 3 }, 30],
    ['what waits, where no runner lives', { queuedRows: 8, liveRunners: 0 }, 20],
  ])('counts %s', (_what, backlog, expected) => {
    expect(expectedMs(cost, { ...NOTHING, ...backlog })).toBe(expected);
  });
});
