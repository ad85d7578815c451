import type { Permission } from './alias.ts';
import type { Evidence, EvidenceKind } from './evidence.ts';
import { evaluateGate, type Gate } from './gate.ts';

export type RunningStep = 'shadow' | 'canary';
export type RolloutStep = RunningStep | 'promoted' | 'aborted';

export interface RolloutState {
  readonly step: RolloutStep;
  readonly candidate: string;
  /** What the alias pointed at when the rollout started. */
  readonly champion: string;
  /** What the evidence of a step must show; undefined: that it was measured. */
  readonly gates: { readonly [S in RunningStep]: Gate | undefined };
}

export interface RolloutFacts {
  /** What the alias points at now. */
  readonly championNow: string | undefined;
  /** Whether every live replica acts by the present step. */
  readonly inEffect: boolean;
  /** The evidence cited, as far as it is about the candidate and was attached since the step was entered. */
  readonly evidence: readonly Evidence[];
  /** Ids cited that are not. */
  readonly unknownEvidence: readonly string[];
}

export type AdvanceRefusal =
  | 'ROLLOUT_ENDED'
  | 'ROLLOUT_STEP_MISMATCH'
  | 'ALIAS_MOVED'
  | 'ROLLOUT_STEP_NOT_EFFECTIVE'
  | 'EVIDENCE_MISSING'
  | 'GATE_NOT_PASSED';

const NEXT: { readonly [S in RunningStep]: RolloutStep } = { shadow: 'canary', canary: 'promoted' };

/** Kinds of evidence that speak about a step: mirrored requests can only be judged by their comparison. */
const KINDS: { readonly [S in RunningStep]: readonly EvidenceKind[] } = {
  shadow: ['shadow'],
  canary: ['evaluation', 'comparison', 'shadow'],
};

export const isRunning = (step: RolloutStep): step is RunningStep => step === 'shadow' || step === 'canary';

/**
 * Whether a rollout may take its next step: shadow → canary → promoted, never past one. It must be where the caller
 * believes, in effect on every live replica, still replace the version that it started against, and be judged by
 * evidence of its own: measured while the step ran, on at least one example, and good enough for the step's gate.
 */
export function advanceRollout(
  state: RolloutState,
  expectedStep: RolloutStep,
  facts: RolloutFacts,
  nowUs: bigint,
): Permission<AdvanceRefusal, { readonly next: RolloutStep }> {
  const { step } = state;
  if (!isRunning(step)) return refuse('ROLLOUT_ENDED', `the rollout ended as ${step}`);
  if (step !== expectedStep) {
    return refuse('ROLLOUT_STEP_MISMATCH', `the rollout is at ${step}, not ${expectedStep}`);
  }
  if (facts.championNow !== state.champion) {
    const now = facts.championNow ?? 'no version';
    return refuse('ALIAS_MOVED', `the rollout replaces ${state.champion}, but the alias points at ${now}`);
  }
  if (!facts.inEffect) {
    return refuse('ROLLOUT_STEP_NOT_EFFECTIVE', `not every live replica acts by the step ${step} yet`);
  }
  const lacking = lackingEvidence(step, facts);
  if (lacking !== undefined) return refuse('EVIDENCE_MISSING', lacking);
  return judgeStep(step, state.gates[step], facts.evidence, nowUs);
}

function lackingEvidence(step: RunningStep, facts: RolloutFacts): string | undefined {
  if (facts.unknownEvidence.length > 0) {
    const ids = facts.unknownEvidence.join(', ');
    return `${ids}: no evidence about the candidate attached since the step ${step} was entered`;
  }
  const speaking = facts.evidence.filter(({ kind }) => KINDS[step].includes(kind));
  if (speaking.some(hasExamples)) return undefined;
  return `the step ${step} needs evidence of kind ${KINDS[step].join(' or ')} with at least one example`;
}

function hasExamples({ metrics, comparisons }: Evidence): boolean {
  const measured = [...metrics, ...comparisons.map(({ difference }) => difference)];
  return measured.some(({ examples, value }) => examples >= 1 && Number.isFinite(value));
}

function judgeStep(
  step: RunningStep,
  gate: Gate | undefined,
  evidence: readonly Evidence[],
  nowUs: bigint,
): Permission<AdvanceRefusal, { readonly next: RolloutStep }> {
  const next = NEXT[step];
  if (!gate) return { allowed: true, next, reasons: [`${step} judged by ${ids(evidence)}`] };
  const { verdict, reasons } = evaluateGate({ evidence, aliases: new Map() }, gate, nowUs);
  if (verdict !== 'PASSED') return refuse('GATE_NOT_PASSED', `gate ${gate.name} is ${verdict}`, ...reasons);
  return { allowed: true, next, reasons };
}

const ids = (evidence: readonly Evidence[]): string => evidence.map(({ id }) => id).join(', ');

function refuse<R extends AdvanceRefusal>(refusal: R, ...reasons: string[]) {
  return { allowed: false, refusal, reasons } as const;
}
