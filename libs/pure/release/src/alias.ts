import type { GateVerdict } from './gate.ts';

export type ReleaseKind = 'move' | 'promotion' | 'rollback';

/** What the ledger of one alias says, as far as decisions need it. */
export interface LedgerEntry {
  readonly kind: ReleaseKind;
  readonly digest: string;
  readonly atUs: bigint;
}

/** A recorded gate decision, as far as a release needs it. */
export interface GateRecord {
  readonly id: string;
  /** The version that was judged. */
  readonly digest: string;
  readonly verdict: GateVerdict;
  /** Alias → digest that it was found good enough against. */
  readonly comparedWith: ReadonlyMap<string, string>;
}

export type Permission<Refusal extends string, Granted = object> =
  | ({ readonly allowed: true; readonly reasons: readonly string[] } & Granted)
  | { readonly allowed: false; readonly refusal: Refusal; readonly reasons: readonly string[] };

const refuse = <R extends string>(refusal: R, ...reasons: string[]) =>
  ({ allowed: false, refusal, reasons }) as const;

export interface MoveRequest {
  readonly alias: string;
  readonly target: string;
  /** What the caller believes the alias points at; undefined: nothing. */
  readonly expected: string | undefined;
}

/**
 * Whether an alias may move: compare-and-swap on what it points at, then the gates. Every decision cited must be
 * about the target and PASSED. The first version of an alias needs one such decision (the bootstrap policy); a
 * successor needs one that compared it with the version it replaces.
 */
export function decideMove(
  current: string | undefined,
  gates: readonly GateRecord[],
  { alias, target, expected }: MoveRequest,
): Permission<'ALIAS_MOVED' | 'ALIAS_UNCHANGED' | 'GATE_NOT_PASSED'> {
  if (expected !== current) {
    return refuse('ALIAS_MOVED', `${alias} points at ${current ?? 'no version'}, not ${expected ?? 'none'}`);
  }
  if (target === current) return refuse('ALIAS_UNCHANGED', `${alias} points at ${target} already`);
  return decideGates(alias, target, current, gates);
}

/** The gates' part of `decideMove`; a staged release asks the same before it starts. */
export function decideGates(
  alias: string,
  target: string,
  current: string | undefined,
  gates: readonly GateRecord[],
): Permission<'GATE_NOT_PASSED'> {
  const faults = gates.flatMap(({ id, digest, verdict }) => {
    if (digest !== target) return [`decision ${id} is about ${digest}, not ${target}`];
    return verdict === 'PASSED' ? [] : [`decision ${id} is ${verdict}`];
  });
  if (faults.length > 0) return refuse('GATE_NOT_PASSED', ...faults);
  if (gates.length === 0) return refuse('GATE_NOT_PASSED', `no gate decision about ${target} is cited`);
  const ids = gates.map(({ id }) => id).join(', ');
  if (current === undefined) {
    return { allowed: true, reasons: [`first version of ${alias}, passed ${ids}`] };
  }
  if (gates.some(({ comparedWith }) => comparedWith.get(alias) === current)) {
    return { allowed: true, reasons: [`passed ${ids}, compared with ${current}`] };
  }
  return refuse('GATE_NOT_PASSED', `none of ${ids} compared ${target} with ${alias} at ${current}`);
}

/**
 * The versions that an alias holds in reserve: moves and promotions push, a rollback pops. The last is the
 * current one, the one before it the rollback target; so rolling back twice goes further back and never forward.
 */
export function releaseStack(ledger: readonly LedgerEntry[]): LedgerEntry[] {
  const stack: LedgerEntry[] = [];
  for (const entry of ledger) {
    if (entry.kind === 'rollback') stack.pop();
    else stack.push(entry);
  }
  return stack;
}

/**
 * Where a rollback goes. `ledger` is the alias's, oldest first. Gates are skipped: the target was released once.
 * `windowUs` bounds how long after its release a version may be rolled back.
 */
export function decideRollback(
  ledger: readonly LedgerEntry[],
  { expected, windowUs }: { readonly expected: string; readonly windowUs: bigint },
  nowUs: bigint,
): Permission<
  'ALIAS_MOVED' | 'NOTHING_TO_ROLL_BACK' | 'ROLLBACK_WINDOW_PASSED',
  { readonly target: string }
> {
  const stack = releaseStack(ledger);
  const current = stack.at(-1);
  const target = stack.at(-2);
  if (current?.digest !== expected) {
    return refuse('ALIAS_MOVED', `the alias points at ${current?.digest ?? 'no version'}, not ${expected}`);
  }
  if (!target) return refuse('NOTHING_TO_ROLL_BACK', `no version was released before ${expected}`);
  const ageUs = nowUs - current.atUs;
  if (ageUs > windowUs) {
    return refuse('ROLLBACK_WINDOW_PASSED', `released ${ageUs} µs ago, more than ${windowUs} µs`);
  }
  return { allowed: true, target: target.digest, reasons: [`back from ${expected} to ${target.digest}`] };
}
