import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { Evidence, Measurement } from './evidence.ts';
import { evaluateGate, type Gate, type GateCondition, type GateVerdict } from './gate.ts';

const CHAMPION = 'sha256:champion';
const measured = (lower: number, upper = lower + 0.02, over: Partial<Measurement> = {}): Measurement => ({
  name: 'roc_auc',
  value: (lower + upper) / 2,
  lower,
  upper,
  confidence: 0.95,
  examples: 1000,
  slice: 'all',
  ...over,
});
const evidence = (over: Partial<Evidence>): Evidence => ({
  id: 'e1',
  kind: 'comparison',
  datasetDigest: 'sha256:data',
  metrics: [],
  comparisons: [],
  ...over,
});
const againstChampion = (difference: Measurement, id = 'e1') =>
  evidence({ id, comparisons: [{ otherKind: 'version', other: CHAMPION, difference }] });
const againstFeature = (difference: Measurement, id = 'e1') =>
  evidence({ id, comparisons: [{ otherKind: 'feature', other: 'late_share_24h', difference }] });

const notWorse: GateCondition = {
  metric: 'roc_auc',
  subject: { kind: 'above-alias', alias: 'champion', bound: -0.005 },
  minExamples: 100,
};
const better: GateCondition = {
  metric: 'roc_auc',
  subject: { kind: 'above-feature', feature: 'late_share_24h', bound: 0 },
  minExamples: 100,
};
const gate = (...conditions: GateCondition[]): Gate => ({ name: 'g', conditions });
const aliases = new Map([['champion', CHAMPION]]);
const verdictOf = (some: readonly Evidence[], ...conditions: GateCondition[]) =>
  evaluateGate({ evidence: some, aliases }, gate(...conditions), 7n).verdict;

describe('evaluateGate', () => {
  const auc = (subject: GateCondition['subject']): GateCondition => ({
    metric: 'roc_auc',
    subject,
    minExamples: 1,
  });
  const table: [string, readonly Evidence[], GateCondition, GateVerdict][] = [
    ['a clear gain', [againstFeature(measured(0.01))], better, 'PASSED'],
    ['a gain whose bound touches zero', [againstFeature(measured(0))], better, 'FAILED'],
    ['a loss within the margin', [againstChampion(measured(-0.004))], notWorse, 'PASSED'],
    ['a loss at the margin', [againstChampion(measured(-0.005))], notWorse, 'FAILED'],
    ['no evidence', [], notWorse, 'INCONCLUSIVE'],
    ['evidence against another version', [againstFeature(measured(1))], notWorse, 'INCONCLUSIVE'],
    ['a NaN bound', [againstChampion(measured(0, 1, { lower: NaN }))], notWorse, 'INCONCLUSIVE'],
    ['an infinite bound', [againstChampion(measured(0, Infinity))], notWorse, 'INCONCLUSIVE'],
    ['a NaN value', [againstChampion(measured(0, 1, { value: NaN }))], notWorse, 'INCONCLUSIVE'],
    [
      'an interval around another value',
      [againstChampion(measured(0, 1, { value: 2 }))],
      notWorse,
      'INCONCLUSIVE',
    ],
    ['too few examples', [againstChampion(measured(0.1, 0.2, { examples: 99 }))], notWorse, 'INCONCLUSIVE'],
    ['low confidence', [againstChampion(measured(0.1, 0.2, { confidence: 0.9 }))], notWorse, 'INCONCLUSIVE'],
    ['another metric', [againstChampion(measured(0.1, 0.2, { name: 'brier' }))], notWorse, 'INCONCLUSIVE'],
    [
      'only a slice',
      [againstChampion(measured(0.1, 0.2, { slice: 'origin=ATL' }))],
      notWorse,
      'INCONCLUSIVE',
    ],
    [
      'a metric above its bound',
      [evidence({ metrics: [measured(0.71)] })],
      auc({ kind: 'metric-above', bound: 0.7 }),
      'PASSED',
    ],
    [
      'a metric whose interval reaches the bound',
      [evidence({ metrics: [measured(0.69)] })],
      auc({ kind: 'metric-above', bound: 0.7 }),
      'FAILED',
    ],
    [
      'a metric below its bound',
      [evidence({ metrics: [measured(0, 0.009)] })],
      auc({ kind: 'metric-below', bound: 0.01 }),
      'PASSED',
    ],
    [
      'a metric that may exceed its bound',
      [evidence({ metrics: [measured(0, 0.01)] })],
      auc({ kind: 'metric-below', bound: 0.01 }),
      'FAILED',
    ],
  ];
  it.each(table)('judges %s', (_name, some, condition, verdict) => {
    expect(verdictOf(some, condition)).toBe(verdict);
  });

  it('is inconclusive when the alias points at nothing', () => {
    const decision = evaluateGate(
      { evidence: [againstChampion(measured(1))], aliases: new Map() },
      gate(notWorse),
      7n,
    );
    expect(decision.verdict).toBe('INCONCLUSIVE');
    expect(decision.reasons).toEqual(['alias champion points at no version']);
  });

  it('is inconclusive without conditions', () => {
    expect(verdictOf([againstChampion(measured(1))])).toBe('INCONCLUSIVE');
  });

  it('judges by the newest evidence', () => {
    const older = againstChampion(measured(0.1), 'old');
    const newer = againstChampion(measured(-0.1), 'new');
    const decision = evaluateGate({ evidence: [older, newer], aliases }, gate(notWorse), 7n);
    expect(decision).toMatchObject({ verdict: 'FAILED', evidenceIds: ['new'] });
  });

  it('names what it compared with, the evidence and the figures', () => {
    const decision = evaluateGate(
      { evidence: [againstFeature(measured(0.01), 'f'), againstChampion(measured(-0.001), 'c')], aliases },
      gate(better, notWorse),
      7n,
    );
    expect(decision).toEqual({
      verdict: 'PASSED',
      reasons: [
        'roc_auc minus that of feature late_share_24h is 0.02 [0.01, 0.03] over 1000 examples: lower end 0.01 is above 0',
        `roc_auc minus that of champion (${CHAMPION}) is 0.009 [-0.001, 0.019] over 1000 examples: lower end -0.001 is above -0.005`,
      ],
      evidenceIds: ['f', 'c'],
      comparedWith: new Map([['champion', CHAMPION]]),
      decidedAtUs: 7n,
    });
  });
});

describe('evaluateGate over any evidence', () => {
  const number = fc.oneof(
    fc.double({ min: -1, max: 1, noNaN: true }),
    fc.constantFrom(NaN, Infinity, 0, -0.005),
  );
  const measurement: fc.Arbitrary<Measurement> = fc.record({
    name: fc.constantFrom('roc_auc', 'brier'),
    value: number,
    lower: number,
    upper: number,
    confidence: fc.constantFrom(0, 0.9, 0.95, 0.99, NaN),
    examples: fc.constantFrom(0, 1, 99, 100, 1e6, NaN),
    slice: fc.constantFrom('', 'all', 'origin=ATL'),
  });
  const anyEvidence: fc.Arbitrary<Evidence> = fc.record({
    id: fc.uuid(),
    kind: fc.constantFrom('evaluation', 'comparison', 'shadow'),
    datasetDigest: fc.constant(''),
    metrics: fc.array(measurement, { maxLength: 2 }),
    comparisons: fc.array(
      fc.record({
        otherKind: fc.constantFrom('version', 'feature'),
        other: fc.constantFrom(CHAMPION, 'late_share_24h'),
        difference: measurement,
      }),
      { maxLength: 3 },
    ),
  });
  const condition: fc.Arbitrary<GateCondition> = fc.record({
    metric: fc.constantFrom('roc_auc', 'brier'),
    minExamples: fc.constantFrom(0, 100),
    subject: fc.oneof(
      fc.record({ kind: fc.constant('metric-above' as const), bound: number }),
      fc.record({ kind: fc.constant('metric-below' as const), bound: number }),
      fc.record({
        kind: fc.constant('above-feature' as const),
        feature: fc.constant('late_share_24h'),
        bound: number,
      }),
      fc.record({
        kind: fc.constant('above-alias' as const),
        alias: fc.constantFrom('champion', 'none'),
        bound: number,
      }),
    ),
  });

  /** The rule read literally: every condition has newest overall evidence that is sound and lies beyond the bound. */
  function passes(some: readonly Evidence[], { metric, subject, minExamples }: GateCondition): boolean {
    const candidates = some.flatMap(({ metrics, comparisons }) => {
      const pool =
        subject.kind === 'metric-above' || subject.kind === 'metric-below'
          ? metrics
          : comparisons
              .filter((one) =>
                subject.kind === 'above-feature'
                  ? one.otherKind === 'feature' && one.other === subject.feature
                  : one.otherKind === 'version' && one.other === aliases.get(subject.alias),
              )
              .map(({ difference }) => difference);
      const first = pool.find((one) => one.name === metric && ['', 'all'].includes(one.slice));
      return first ? [first] : [];
    });
    const last = candidates.at(-1);
    if (!last) return false;
    const { lower, value, upper, confidence, examples } = last;
    const sound =
      Number.isFinite(lower) &&
      Number.isFinite(upper) &&
      lower <= value &&
      value <= upper &&
      confidence >= 0.95;
    const enough = examples >= 1 && examples >= minExamples;
    return (
      sound && enough && (subject.kind === 'metric-below' ? upper < subject.bound : lower > subject.bound)
    );
  }

  it('passes exactly when every condition holds by the literal rule', () => {
    fc.assert(
      fc.property(
        fc.array(anyEvidence, { maxLength: 4 }),
        fc.array(condition, { minLength: 1, maxLength: 3 }),
        (some, conditions) => {
          const expected = conditions.every((one) => passes(some, one));
          expect(verdictOf(some, ...conditions) === 'PASSED').toBe(expected);
        },
      ),
    );
  });

  it('gives one reason per condition', () => {
    fc.assert(
      fc.property(
        fc.array(anyEvidence, { maxLength: 4 }),
        fc.array(condition, { minLength: 1, maxLength: 3 }),
        (some, conditions) => {
          const { reasons } = evaluateGate({ evidence: some, aliases }, gate(...conditions), 0n);
          expect(reasons).toHaveLength(conditions.length);
        },
      ),
    );
  });
});
