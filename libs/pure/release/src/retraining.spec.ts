import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { DAY_US, evaluateRetraining, type Firing, type FiringOutcome } from './retraining.ts';

const rule = { minNewLabels: 1000n, cooldownUs: 3n * DAY_US };
const firing = (day: bigint, labelsTotal: bigint, outcome: FiringOutcome = 'released'): Firing => ({
  firedAtUs: day * DAY_US,
  labelsTotal,
  outcome,
});
const at = (day: bigint, labelsTotal: bigint, ...firings: Firing[]) => ({
  boundaryUs: day * DAY_US,
  labelsTotal,
  firings,
});
const failures = (outcome: FiringOutcome) => [
  firing(1n, 0n),
  firing(4n, 0n, outcome),
  firing(7n, 0n, outcome),
  firing(10n, 0n, outcome),
];

describe('evaluateRetraining', () => {
  it.each([
    ['enough labels', at(20n, 1000n), 'FIRED'],
    ['one label too few', at(20n, 999n), 'TOO_FEW_LABELS'],
    ['labels counted since the last firing', at(20n, 1999n, firing(1n, 1000n)), 'TOO_FEW_LABELS'],
    ['enough labels since the last firing', at(20n, 2000n, firing(1n, 1000n)), 'FIRED'],
    ['within the cool-down', at(20n, 9000n, firing(18n, 1000n)), 'COOLING_DOWN'],
    ['at the end of the cool-down', at(21n, 9000n, firing(18n, 1000n)), 'FIRED'],
    ['the boundary it fired at', at(18n, 9000n, firing(18n, 1000n)), 'ALREADY_CHECKED'],
    ['an older boundary', at(17n, 9000n, firing(18n, 1000n)), 'ALREADY_CHECKED'],
    ['a training that runs', at(30n, 9000n, firing(18n, 1000n, 'training')), 'RUNNING'],
    ['a proposed candidate', at(30n, 9000n, firing(18n, 1000n, 'proposed')), 'FIRED'],
    ['three rejected candidates', at(30n, 9000n, ...failures('rejected')), 'BREAKER_OPEN'],
    ['three trainings that never ended', at(30n, 9000n, ...failures('expired')), 'BREAKER_OPEN'],
    ['two rejected candidates', at(30n, 9000n, ...failures('rejected').slice(0, 3)), 'FIRED'],
    ['a success after failures', at(30n, 9000n, ...failures('rejected'), firing(13n, 0n)), 'FIRED'],
    [
      'an instant that is no midnight',
      { ...at(20n, 9000n), boundaryUs: 20n * DAY_US + 1n },
      'NOT_A_BOUNDARY',
    ],
  ] as const)('decides %s', (_name, snapshot, verdict) => {
    expect(evaluateRetraining(snapshot, rule).verdict).toBe(verdict);
  });

  it('keeps firings apart by the cool-down and by the volume, whatever labels come', () => {
    const daily = fc.array(fc.integer({ min: 0, max: 900 }), { minLength: 1, maxLength: 60 });
    fc.assert(
      fc.property(daily, (labels) => {
        const firings: Firing[] = [];
        let total = 0n;
        labels.forEach((count, index) => {
          total += BigInt(count);
          const day = BigInt(index + 1);
          const { verdict } = evaluateRetraining(at(day, total, ...firings), rule);
          if (verdict === 'FIRED') firings.push(firing(day, total));
        });
        firings.forEach((one, index) => {
          const before = firings[index - 1];
          expect(one.labelsTotal - (before?.labelsTotal ?? 0n)).toBeGreaterThanOrEqual(rule.minNewLabels);
          if (before) expect(one.firedAtUs - before.firedAtUs).toBeGreaterThanOrEqual(rule.cooldownUs);
        });
        if (total >= rule.minNewLabels) expect(firings.length).toBeGreaterThan(0);
      }),
    );
  });
});
