import { isOverall, weakness, type ComparedKind, type Evidence, type Measurement } from './evidence.ts';

export type GateSubject =
  /** The lower end of the metric's own interval must be above `bound`. */
  | { readonly kind: 'metric-above'; readonly bound: number }
  /** The upper end of the metric's own interval must be below `bound`. */
  | { readonly kind: 'metric-below'; readonly bound: number }
  /** The lower end of the paired difference to a feature used as the score must be above `bound`. */
  | { readonly kind: 'above-feature'; readonly feature: string; readonly bound: number }
  /** The lower end of the paired difference to the version that an alias points at must be above `bound`. */
  | { readonly kind: 'above-alias'; readonly alias: string; readonly bound: number };

export interface GateCondition {
  readonly metric: string;
  readonly subject: GateSubject;
  /** Fewest examples the evidence must rest on; at least 1 is always asked for. */
  readonly minExamples: number;
}

/** Every condition must hold. */
export interface Gate {
  readonly name: string;
  readonly conditions: readonly GateCondition[];
}

export interface GatePolicy {
  /** Least confidence of an interval that may be judged by. */
  readonly minConfidence: number;
}

export const GATE_POLICY: GatePolicy = { minConfidence: 0.95 };

export type GateVerdict = 'PASSED' | 'FAILED' | 'INCONCLUSIVE';

export interface GateSnapshot {
  /** Evidence about the version, oldest first. */
  readonly evidence: readonly Evidence[];
  /** Alias → digest it points at now. */
  readonly aliases: ReadonlyMap<string, string>;
}

export interface GateDecision {
  readonly verdict: GateVerdict;
  /** One sentence per condition, with its figures, in the gate's order. */
  readonly reasons: readonly string[];
  /** Evidence that was judged, without repeats. */
  readonly evidenceIds: readonly string[];
  /** Alias → digest that the version was compared with, for every alias condition that holds. */
  readonly comparedWith: ReadonlyMap<string, string>;
  readonly decidedAtUs: bigint;
}

interface Check {
  readonly verdict: GateVerdict;
  readonly reason: string;
  readonly evidenceId?: string;
  readonly comparedWith?: readonly [alias: string, digest: string];
}

/**
 * Judges a version by the newest evidence on each condition. A condition without evidence, with an interval that
 * is missing or too wide of the asked confidence, or with too few examples is INCONCLUSIVE; one that does not hold
 * is FAILED. FAILED outweighs INCONCLUSIVE, which outweighs PASSED; both block. A gate without conditions is
 * INCONCLUSIVE.
 */
export function evaluateGate(
  snapshot: GateSnapshot,
  gate: Gate,
  nowUs: bigint,
  policy: GatePolicy = GATE_POLICY,
): GateDecision {
  const checks = gate.conditions.map((condition) => check(snapshot, condition, policy));
  return {
    verdict: checks.length === 0 ? 'INCONCLUSIVE' : worst(checks.map(({ verdict }) => verdict)),
    reasons: checks.length === 0 ? ['the gate has no conditions'] : checks.map(({ reason }) => reason),
    evidenceIds: [...new Set(checks.flatMap(({ evidenceId }) => evidenceId ?? []))],
    comparedWith: new Map(checks.flatMap(({ comparedWith }) => (comparedWith ? [comparedWith] : []))),
    decidedAtUs: nowUs,
  };
}

function worst(verdicts: readonly GateVerdict[]): GateVerdict {
  if (verdicts.includes('FAILED')) return 'FAILED';
  return verdicts.includes('INCONCLUSIVE') ? 'INCONCLUSIVE' : 'PASSED';
}

function check(snapshot: GateSnapshot, condition: GateCondition, policy: GatePolicy): Check {
  const { metric, subject } = condition;
  switch (subject.kind) {
    case 'metric-above':
    case 'metric-below':
      return judge(condition, policy, metric, newestMetric(snapshot.evidence, metric));
    case 'above-feature': {
      const found = newestDifference(snapshot.evidence, metric, 'feature', subject.feature);
      return judge(condition, policy, `${metric} minus that of feature ${subject.feature}`, found);
    }
    case 'above-alias': {
      const other = snapshot.aliases.get(subject.alias);
      if (other === undefined) {
        return { verdict: 'INCONCLUSIVE', reason: `alias ${subject.alias} points at no version` };
      }
      const found = newestDifference(snapshot.evidence, metric, 'version', other);
      const judged = judge(condition, policy, `${metric} minus that of ${subject.alias} (${other})`, found);
      return judged.verdict === 'PASSED' ? { ...judged, comparedWith: [subject.alias, other] } : judged;
    }
  }
}

interface Found {
  readonly evidenceId: string;
  readonly measured: Measurement;
}

function newestMetric(evidence: readonly Evidence[], metric: string): Found | undefined {
  return newest(evidence, ({ metrics }) => metrics.find((one) => one.name === metric && isOverall(one)));
}

function newestDifference(
  evidence: readonly Evidence[],
  metric: string,
  kind: ComparedKind,
  other: string,
): Found | undefined {
  return newest(
    evidence,
    ({ comparisons }) =>
      comparisons.find(
        ({ otherKind, other: name, difference }) =>
          otherKind === kind && name === other && difference.name === metric && isOverall(difference),
      )?.difference,
  );
}

function newest(
  evidence: readonly Evidence[],
  pick: (one: Evidence) => Measurement | undefined,
): Found | undefined {
  for (const one of evidence.toReversed()) {
    const measured = pick(one);
    if (measured) return { evidenceId: one.id, measured };
  }
  return undefined;
}

function judge(
  { subject, minExamples }: GateCondition,
  { minConfidence }: GatePolicy,
  what: string,
  found: Found | undefined,
): Check {
  if (!found) return { verdict: 'INCONCLUSIVE', reason: `no evidence on ${what}` };
  const { evidenceId, measured } = found;
  const weak = weakness(measured, { minExamples, minConfidence });
  if (weak !== undefined) return { verdict: 'INCONCLUSIVE', reason: `${what} ${weak}`, evidenceId };
  const { verdict, comparison } = compare(measured, subject);
  const { value, lower, upper, examples } = measured;
  const reason = `${what} is ${value} [${lower}, ${upper}] over ${examples} examples: ${comparison}`;
  return { verdict, reason, evidenceId };
}

function compare(
  { lower, upper }: Measurement,
  subject: GateSubject,
): { readonly verdict: GateVerdict; readonly comparison: string } {
  const below = subject.kind === 'metric-below';
  const holds = below ? upper < subject.bound : lower > subject.bound;
  const side = below ? `upper end ${upper}` : `lower end ${lower}`;
  const relation = below ? 'below' : 'above';
  return {
    verdict: holds ? 'PASSED' : 'FAILED',
    comparison: `${side} ${holds ? 'is' : 'is not'} ${relation} ${subject.bound}`,
  };
}
