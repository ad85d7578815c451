import { describe, expect, it } from '@jest/globals';
import { planVersions, retryDelayMs, type Standing } from './plan-versions.ts';

const NOTHING = { load: [], revive: [], drain: [], unload: [], forget: [] };
const held = (standings: Record<string, Standing>) => new Map(Object.entries(standings));

describe('planVersions', () => {
  it.each<[string, string[], Record<string, Standing>, number, object]>([
    ['loads what is listed and not held', ['a'], {}, 0, { load: ['a'] }],
    ['leaves what is ready', ['a'], { a: { state: 'READY' } }, 0, {}],
    ['loads no more at once than allowed', ['a', 'b', 'c'], { a: { state: 'LOADING' } }, 0, { load: ['b'] }],
    ['remembers a failure until its time', ['a'], { a: { state: 'FAILED', retryAtMs: 9 } }, 8, {}],
    ['tries again after that', ['a'], { a: { state: 'FAILED', retryAtMs: 9 } }, 9, { load: ['a'] }],
    ['drains what is no longer listed', [], { a: { state: 'READY' } }, 0, { drain: ['a'] }],
    ['keeps answering during the grace', [], { a: { state: 'DRAINING', untilMs: 9 } }, 8, {}],
    ['unloads after the grace', [], { a: { state: 'DRAINING', untilMs: 9 } }, 9, { unload: ['a'] }],
    ['revives what is listed again', ['a'], { a: { state: 'DRAINING', untilMs: 9 } }, 99, { revive: ['a'] }],
    ['forgets failures nobody asks for', [], { a: { state: 'FAILED', retryAtMs: 9 } }, 0, { forget: ['a'] }],
    ['never breaks off a load', [], { a: { state: 'LOADING' } }, 99, {}],
  ])('%s', (_rule, listed, standings, nowMs, plan) => {
    expect(planVersions(listed, held(standings), nowMs, 2)).toEqual({ ...NOTHING, ...plan });
  });
});

describe('retryDelayMs', () => {
  it('doubles from 5 seconds to 15 minutes', () => {
    expect([1, 2, 3, 20].map(retryDelayMs)).toEqual([5_000, 10_000, 20_000, 900_000]);
  });
});
