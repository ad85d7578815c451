import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { Evidence } from './evidence.ts';
import type { Gate } from './gate.ts';
import { advanceRollout, type RolloutFacts, type RolloutState, type RolloutStep } from './rollout.ts';

const measured = (value: number, examples = 100) => ({
  name: 'failure_rate',
  value,
  lower: value,
  upper: value,
  confidence: 0.95,
  examples,
  slice: 'all',
});
const evidence = (kind: Evidence['kind'], value = 0, examples = 100): Evidence => ({
  id: `${kind}-${value}`,
  kind,
  datasetDigest: '',
  metrics: [measured(value, examples)],
  comparisons: [],
});
const fewFailures: Gate = {
  name: 'few_failures',
  conditions: [{ metric: 'failure_rate', subject: { kind: 'metric-below', bound: 0.01 }, minExamples: 10 }],
};
const state = (step: RolloutStep, gates: Partial<RolloutState['gates']> = {}): RolloutState => ({
  step,
  candidate: 'b',
  champion: 'a',
  gates: { shadow: undefined, canary: undefined, ...gates },
});
const facts = (over: Partial<RolloutFacts> = {}): RolloutFacts => ({
  championNow: 'a',
  inEffect: true,
  evidence: [evidence('shadow')],
  unknownEvidence: [],
  ...over,
});
const advance = (at: RolloutState, expected: RolloutStep, given: RolloutFacts) => {
  const decision = advanceRollout(at, expected, given, 0n);
  return decision.allowed ? decision.next : decision.refusal;
};

describe('advanceRollout', () => {
  it.each([
    ['takes shadow to canary', state('shadow'), 'shadow', facts(), 'canary'],
    [
      'takes canary to promoted',
      state('canary'),
      'canary',
      facts({ evidence: [evidence('evaluation')] }),
      'promoted',
    ],
    ['holds without evidence', state('shadow'), 'shadow', facts({ evidence: [] }), 'EVIDENCE_MISSING'],
    [
      'holds on evidence without examples',
      state('shadow'),
      'shadow',
      facts({ evidence: [evidence('shadow', 0, 0)] }),
      'EVIDENCE_MISSING',
    ],
    [
      'holds on evidence that is not a number',
      state('shadow'),
      'shadow',
      facts({ evidence: [evidence('shadow', NaN)] }),
      'EVIDENCE_MISSING',
    ],
    [
      'holds shadow on an offline evaluation',
      state('shadow'),
      'shadow',
      facts({ evidence: [evidence('evaluation')] }),
      'EVIDENCE_MISSING',
    ],
    [
      'holds on evidence of before the step',
      state('shadow'),
      'shadow',
      facts({ unknownEvidence: ['x'] }),
      'EVIDENCE_MISSING',
    ],
    [
      'holds until every replica acts by the step',
      state('shadow'),
      'shadow',
      facts({ inEffect: false }),
      'ROLLOUT_STEP_NOT_EFFECTIVE',
    ],
    [
      'holds when the champion changed',
      state('canary'),
      'canary',
      facts({ championNow: 'c' }),
      'ALIAS_MOVED',
    ],
    ['refuses a stale expectation', state('canary'), 'shadow', facts(), 'ROLLOUT_STEP_MISMATCH'],
    ['refuses to leave promoted', state('promoted'), 'promoted', facts(), 'ROLLOUT_ENDED'],
    ['refuses to leave aborted', state('aborted'), 'aborted', facts(), 'ROLLOUT_ENDED'],
    [
      'holds on a gate that fails',
      state('shadow', { shadow: fewFailures }),
      'shadow',
      facts({ evidence: [evidence('shadow', 0.02)] }),
      'GATE_NOT_PASSED',
    ],
    ['passes a gate that holds', state('shadow', { shadow: fewFailures }), 'shadow', facts(), 'canary'],
  ] as const)('%s', (_name, at, expected, given, wanted) => {
    expect(advance(at, expected, given)).toBe(wanted);
  });

  const anyFacts: fc.Arbitrary<RolloutFacts> = fc.record({
    championNow: fc.constantFrom('a', 'c', undefined),
    inEffect: fc.boolean(),
    evidence: fc.array(
      fc
        .record({ kind: fc.constantFrom('shadow', 'evaluation'), value: fc.constantFrom(0, 0.02, NaN) })
        .map(({ kind, value }) => evidence(kind as Evidence['kind'], value)),
      { maxLength: 2 },
    ),
    unknownEvidence: fc.array(fc.constant('x'), { maxLength: 1 }),
  });
  const anyStep = fc.constantFrom<RolloutStep>('shadow', 'canary', 'promoted', 'aborted');

  it('never reaches promotion without passing the gate of every step before it', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(anyStep, anyFacts), { maxLength: 12 }), (calls) => {
        let at = state('shadow', { shadow: fewFailures, canary: fewFailures });
        const passed: RolloutStep[] = [];
        for (const [expected, given] of calls) {
          const decision = advanceRollout(at, expected, given, 0n);
          if (!decision.allowed) continue;
          expect(given.evidence.at(-1)?.metrics[0]?.value).toBe(0);
          expect(given).toMatchObject({ championNow: 'a', inEffect: true, unknownEvidence: [] });
          passed.push(at.step);
          at = { ...at, step: decision.next };
        }
        expect(passed).toEqual((['shadow', 'canary'] as const).slice(0, passed.length));
        expect(at.step).toBe((['shadow', 'canary', 'promoted'] as const)[passed.length]);
      }),
      { numRuns: 300 },
    );
  });
});
