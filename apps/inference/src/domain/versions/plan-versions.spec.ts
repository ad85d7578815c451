import { describe, expect, it } from '@jest/globals';
import { planVersions, retryDelayMs, type Standing } from './plan-versions.ts';

const NOTHING = { due: [], revive: [], drain: [], unload: [], forget: [] };
const held = (standings: Record<string, Standing>) => new Map(Object.entries(standings));

describe('planVersions', () => {
  it.each<[string, string[], Record<string, Standing>, number, object]>([
    ['loads what is listed and not held', ['a'], {}, 0, { due: ['a'] }],
    ['leaves what is ready', ['a'], { a: { state: 'READY' } }, 0, {}],
    ['loads nothing twice', ['a', 'b'], { a: { state: 'LOADING' } }, 0, { due: ['b'] }],
    ['remembers a failure until its time', ['a'], { a: { state: 'FAILED', retryAtMs: 9 } }, 8, {}],
    ['tries again after that', ['a'], { a: { state: 'FAILED', retryAtMs: 9 } }, 9, { due: ['a'] }],
    ['drains what is no longer listed', [], { a: { state: 'READY' } }, 0, { drain: ['a'] }],
    ['keeps answering during the grace', [], { a: { state: 'DRAINING', untilMs: 9 } }, 8, {}],
    ['unloads after the grace', [], { a: { state: 'DRAINING', untilMs: 9 } }, 9, { unload: ['a'] }],
    ['revives what is listed again', ['a'], { a: { state: 'DRAINING', untilMs: 9 } }, 99, { revive: ['a'] }],
    ['forgets failures nobody asks for', [], { a: { state: 'FAILED', retryAtMs: 9 } }, 0, { forget: ['a'] }],
    ['loads what never fitted', ['a'], { a: { state: 'EVICTED', verified: false } }, 0, { due: ['a'] }],
    ['leaves what was unloaded for memory', ['a'], { a: { state: 'EVICTED', verified: true } }, 0, {}],
    ['forgets that too', [], { a: { state: 'EVICTED', verified: true } }, 0, { forget: ['a'] }],
    ['never breaks off a load', [], { a: { state: 'LOADING' } }, 99, {}],
  ])('%s', (_rule, listed, standings, nowMs, plan) => {
    expect(planVersions(listed, held(standings), new Map(), nowMs)).toEqual({ ...NOTHING, ...plan });
  });

  it('loads what requests wait for first, the longest wait first', () => {
    const evicted = { state: 'EVICTED', verified: true } as const;
    const demands = new Map([
      ['c', 5],
      ['b', 3],
    ]);
    const plan = planVersions(['a', 'b', 'c', 'd'], held({ b: evicted, c: evicted, d: evicted }), demands, 9);
    expect(plan.due).toEqual(['b', 'c', 'a']);
  });
});

describe('retryDelayMs', () => {
  it('doubles from 5 seconds to 15 minutes', () => {
    expect([1, 2, 3, 20].map(retryDelayMs)).toEqual([5_000, 10_000, 20_000, 900_000]);
  });
});
