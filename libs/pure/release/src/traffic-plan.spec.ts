import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import {
  desiredPlan,
  digestsOf,
  FULL_WEIGHT_BP,
  isLoadedEverywhere,
  NO_TRAFFIC,
  samePlan,
  settlePlan,
  variantsOf,
  type TrafficPlan,
} from './traffic-plan.ts';

const champion = (digest: string): TrafficPlan => ({ ...NO_TRAFFIC, champion: digest });
const withCanary = (a: string, b: string, weightBp = 1000): TrafficPlan => ({
  ...champion(a),
  canary: { digest: b, weightBp },
});
const withShadow = (a: string, b: string): TrafficPlan => ({
  ...champion(a),
  shadow: { digest: b, shareBp: 10_000 },
});
const ready =
  (...digests: string[]) =>
  (digest: string) =>
    digests.includes(digest);

describe('desiredPlan', () => {
  const rollout = { candidate: 'b', canaryWeightBp: 1000, shadowShareBp: 10_000 };
  it.each([
    ['nothing released', undefined, undefined, NO_TRAFFIC],
    ['a champion', 'a', undefined, champion('a')],
    ['a rollout in shadow', 'a', { ...rollout, step: 'shadow' as const }, withShadow('a', 'b')],
    ['a rollout in canary', 'a', { ...rollout, step: 'canary' as const }, withCanary('a', 'b')],
    ['a promoted rollout', 'b', { ...rollout, step: 'promoted' as const }, champion('b')],
    ['an aborted rollout', 'a', { ...rollout, step: 'aborted' as const }, champion('a')],
  ])('follows %s', (_name, current, running, plan) => {
    expect(desiredPlan(current, running)).toEqual(plan);
  });
});

describe('settlePlan', () => {
  it.each([
    ['a first champion waits until loaded', NO_TRAFFIC, champion('a'), ready(), NO_TRAFFIC, ['a']],
    ['a loaded first champion answers', NO_TRAFFIC, champion('a'), ready('a'), champion('a'), []],
    ['a champion stays though a replica lost it', champion('a'), champion('a'), ready(), champion('a'), []],
    ['a shadow waits', champion('a'), withShadow('a', 'b'), ready('a'), champion('a'), ['b']],
    ['a shadow starts', champion('a'), withShadow('a', 'b'), ready('a', 'b'), withShadow('a', 'b'), []],
    [
      'a shadowed version that a replica lost is no canary yet',
      withShadow('a', 'b'),
      withCanary('a', 'b'),
      ready('a'),
      champion('a'),
      ['b'],
    ],
    [
      'a canary starts',
      withShadow('a', 'b'),
      withCanary('a', 'b'),
      ready('a', 'b'),
      withCanary('a', 'b'),
      [],
    ],
    [
      'a canary stays though a replica lost it',
      withCanary('a', 'b'),
      withCanary('a', 'b', 2000),
      ready(),
      withCanary('a', 'b', 2000),
      [],
    ],
    [
      'a promoted canary keeps its keys until loaded everywhere',
      withCanary('a', 'b'),
      champion('b'),
      ready('a'),
      withCanary('a', 'b'),
      ['b'],
    ],
    ['a promoted canary takes all', withCanary('a', 'b'), champion('b'), ready('b'), champion('b'), []],
    ['an aborted canary loses its keys', withCanary('a', 'b'), champion('a'), ready(), champion('a'), []],
    ['a rollback takes effect', champion('b'), champion('a'), ready('a', 'b'), champion('a'), []],
  ])('%s', (_name, current, desired, isReady, plan, waitingFor) => {
    expect(settlePlan(current, desired, isReady)).toEqual({ plan, waitingFor });
  });

  const digest = fc.constantFrom('a', 'b', 'c');
  const plan: fc.Arbitrary<TrafficPlan> = fc.oneof(
    fc.constant(NO_TRAFFIC),
    fc.record({
      champion: digest,
      canary: fc.option(fc.record({ digest, weightBp: fc.integer({ min: 1, max: 9_999 }) }), {
        nil: undefined,
      }),
      shadow: fc.option(fc.record({ digest, shareBp: fc.integer({ min: 1, max: 10_000 }) }), {
        nil: undefined,
      }),
    }),
  );

  it('never gives an arm to a version that is neither loaded everywhere nor answering already', () => {
    fc.assert(
      fc.property(plan, plan, fc.subarray(['a', 'b', 'c']), (current, desired, loaded) => {
        const settled = settlePlan(current, desired, ready(...loaded)).plan;
        const answering = variantsOf(current).map((arm) => arm.digest);
        for (const arm of variantsOf(settled)) expect([...loaded, ...answering]).toContain(arm.digest);
      }),
    );
  });

  it('reaches the desired plan once everything is loaded, and then stays', () => {
    fc.assert(
      fc.property(plan, plan, fc.subarray(['a', 'b', 'c']), (current, desired, loaded) => {
        const partly = settlePlan(current, desired, ready(...loaded));
        const wholly = settlePlan(partly.plan, desired, ready('a', 'b', 'c'));
        expect(wholly).toEqual({ plan: desired, waitingFor: [] });
        expect(settlePlan(wholly.plan, desired, ready())).toEqual(wholly);
      }),
    );
  });

  it('waits for nothing exactly when the plan is the desired one', () => {
    fc.assert(
      fc.property(plan, plan, fc.subarray(['a', 'b', 'c']), (current, desired, loaded) => {
        const { plan: settled, waitingFor } = settlePlan(current, desired, ready(...loaded));
        expect(waitingFor.length === 0).toBe(samePlan(settled, desired));
        expect(digestsOf(desired)).toEqual(expect.arrayContaining([...waitingFor]));
      }),
    );
  });

  it('always shares out the whole weight', () => {
    fc.assert(
      fc.property(plan, (some) => {
        const total = variantsOf(some).reduce((sum, arm) => sum + arm.weightBp, 0);
        expect(total).toBe(some.champion === undefined ? 0 : FULL_WEIGHT_BP);
      }),
    );
  });
});

describe('isLoadedEverywhere', () => {
  const replica = (kind: 'gateway' | 'inference', ...loaded: string[]) => ({
    kind,
    epoch: 1n,
    loaded: new Set(loaded),
  });
  it.each([
    ['no replica', [], false],
    ['only gateways', [replica('gateway')], false],
    ['one of two', [replica('inference', 'a'), replica('inference', 'b')], false],
    ['all', [replica('inference', 'a'), replica('inference', 'b', 'a'), replica('gateway')], true],
  ] as const)('is decided by %s', (_name, replicas, expected) => {
    expect(isLoadedEverywhere(replicas, 'a')).toBe(expected);
  });
});
