import { setImmediate as nextTurn } from 'node:timers/promises';
import { largestDifference, sameBits } from './differences.ts';
import type { GoldenSet } from './golden.ts';
import type { InvariancePolicy } from '../settings/model-settings.ts';
import { probe, type ProbeInputs } from '../runners/probe.ts';
import { RowStarts } from '../row-starts.ts';
import { RunFailed, type BatchOutput, type Runner } from '../runners/runner.ts';
import { hasRows, type ModelSignature } from '../signature.ts';
import { goldenRows, joinRows, madeUpRows, madeUpShapes } from './test-rows.ts';

/**
 * Whether a row's answer depends on the rows it is batched with, as found by test. `rows` is there where it is for
 * batches of this size alone.
 */
export type Invariance =
  | { readonly class: 'INVARIANT'; readonly rows?: number }
  | { readonly class: 'VARIANT'; readonly largestDifference: number; readonly rows?: number }
  /** The model has no rows, or none are known that it tells apart, or that it takes: then it says why. */
  | { readonly class: 'UNTESTED'; readonly refusal?: string };

export interface InvarianceTest {
  readonly golden: GoldenSet | undefined;
  /** Most rows of a batch. */
  readonly maxBatchRows: number;
  readonly policy: InvariancePolicy;
}

/** Kernels change their ways at small sizes, at vector widths and at their blocking factors. */
const BATCH_SIZES = [2, 3, 8, 17, 33] as const;
/** Rows that are compared in one turn of the loop. */
const ROWS_A_TURN = 16;
/** Mixtures of rows that a pinned size is tested with: each row gets to several places. */
const PINNED_ROUNDS = [0, 1, 2, 3] as const;

/** Rows of the batches that a test runs, ascending. */
export function testSizes({ maxBatchRows, policy }: InvarianceTest): number[] {
  const pinned = policy.kind === 'pin' ? [policy.rows] : [];
  const sizes = [1, ...BATCH_SIZES, ...pinned, maxBatchRows].filter((size) => size <= maxBatchRows);
  return [...new Set(sizes)].sort((left, right) => left - right);
}

/**
 * Runs each test row alone, then in batches of several sizes and at several positions, and compares bits. Where answers
 * differ and the policy pins the size of batches, that size is tested by itself: a row among copies of itself against
 * the same row among others. Test rows are those of the golden set; where it has not two, also made-up ones, if the
 * model accepts them. Rows that are all answered alike show nothing. This also warms the runner up at all those sizes.
 */
export async function classifyInvariance(runner: Runner, test: InvarianceTest): Promise<Invariance> {
  const { signature } = runner;
  if (!hasRows(signature)) return { class: 'UNTESTED' };
  const golden = goldenRows(signature, test.golden);
  const [known] = golden;
  const tried: Tried[] = [];
  if (golden.length < 2) {
    for (const shapes of known === undefined ? madeUpShapes(signature) : [known.shapes]) {
      tried.push(await tryMadeUp(runner, golden, shapes, test));
    }
  }
  if (known !== undefined && !tried.some(isFound)) tried.push(await tryRows(runner, golden, test));
  const found = tried.filter(isFound);
  return found.length > 0 ? worst(found) : { class: 'UNTESTED', ...refusalIn(tried) };
}

/** What rows showed, or that the model does not accept them: made-up ones may lie outside what it takes. */
type Tried = Invariance | RunFailed;

function isFound(tried: Tried): tried is Invariance {
  return !(tried instanceof RunFailed);
}

function refusalIn(tried: readonly Tried[]): { readonly refusal?: string } {
  const refused = tried.find((one) => one instanceof RunFailed);
  return refused === undefined ? {} : { refusal: refused.message };
}

/** Rows of mixed magnitudes tell more models' answers apart; some models take only small ones. */
async function tryMadeUp(
  runner: Runner,
  golden: readonly ProbeInputs[],
  shapes: ProbeInputs['shapes'],
  test: InvarianceTest,
): Promise<Tried> {
  const mixed = [...golden, ...(await madeUpRows(runner.signature, shapes, true))];
  const found = await tryRows(runner, mixed, test);
  if (isFound(found)) return found;
  const small = [...golden, ...(await madeUpRows(runner.signature, shapes, false))];
  return tryRows(runner, small, test);
}

/** Of what several tests found, that which promises least. */
export function worst(found: readonly Invariance[]): Invariance {
  const rank = (one: Invariance) =>
    one.class === 'VARIANT' ? 3 + one.largestDifference : one.class === 'UNTESTED' ? 2 : one.rows ? 1 : 0;
  return found.reduce((left, right) => (rank(right) > rank(left) ? right : left));
}

async function tryRows(
  runner: Runner,
  rows: readonly ProbeInputs[],
  { maxBatchRows, policy }: InvarianceTest,
): Promise<Tried> {
  try {
    const alone = await answersAmong(runner, rows, 1);
    const sizes = [...BATCH_SIZES, maxBatchRows].map((size) => Math.min(size, maxBatchRows));
    const largest = await differenceIn(runner, rows, alone, sizes);
    if (largest === 0) return { class: tellApart(alone) ? 'INVARIANT' : 'UNTESTED' };
    if (policy.kind !== 'pin') return { class: 'VARIANT', largestDifference: largest };
    const pinned = await answersAmong(runner, rows, policy.rows);
    const sizesAtPin = PINNED_ROUNDS.map(() => policy.rows);
    const difference = await differenceIn(runner, rows, pinned, sizesAtPin);
    return difference === 0
      ? { class: 'INVARIANT', rows: policy.rows }
      : { class: 'VARIANT', largestDifference: difference, rows: policy.rows };
  } catch (error) {
    if (error instanceof RunFailed) return error;
    throw error;
  }
}

/** Each row's answer in a batch of copies of itself. */
async function answersAmong(
  runner: Runner,
  rows: readonly ProbeInputs[],
  copies: number,
): Promise<(readonly BatchOutput[])[]> {
  const answers: (readonly BatchOutput[])[] = [];
  for (const row of rows) {
    const outputs = await probe(runner, await joinRows(Array.from({ length: copies }, () => row)));
    answers.push(outputs.map((output, index) => rowOf(runner.signature, output, index, copies, 0) ?? output));
  }
  return answers;
}

async function differenceIn(
  runner: Runner,
  rows: readonly ProbeInputs[],
  expected: readonly (readonly BatchOutput[])[],
  sizes: readonly number[],
): Promise<number> {
  let largest = 0;
  for (const [round, size] of sizes.entries()) {
    const members = Array.from({ length: size }, (_, at) => (at + round * 5) % rows.length);
    const together = await probe(
      runner,
      await joinRows(members.map((member) => rows[member] as ProbeInputs)),
    );
    for (const [at, member] of members.entries()) {
      if (at % ROWS_A_TURN === 0) await nextTurn();
      const found = together.map((output, index) => rowOf(runner.signature, output, index, size, at));
      largest = Math.max(largest, rowDifference(runner.signature, expected[member] ?? [], found));
    }
  }
  return largest;
}

/** One row of an output; undefined where the output has not the rows that were sent. */
function rowOf(
  { outputs }: ModelSignature,
  { shape, raw }: BatchOutput,
  index: number,
  rows: number,
  at: number,
): BatchOutput | undefined {
  const starts =
    shape[0] === rows ? RowStarts.of(outputs[index]?.datatype ?? 'UINT8', shape, raw) : undefined;
  return starts && { shape: [1, ...shape.slice(1)], raw: raw.subarray(starts.at(at), starts.at(at + 1)) };
}

function rowDifference(
  { outputs }: ModelSignature,
  expected: readonly BatchOutput[],
  found: readonly (BatchOutput | undefined)[],
): number {
  return outputs.reduce((largest, { datatype }, index) => {
    const [one, other] = [expected[index], found[index]];
    if (one?.shape[0] !== 1 || other === undefined) return Infinity;
    // Zeros of either sign differ by 0 but not in bits: still not the same answer.
    return sameBits(other.raw, one.raw)
      ? largest
      : Math.max(largest, largestDifference(datatype, other.raw, one.raw), Number.MIN_VALUE);
  }, 0);
}

function tellApart(answers: readonly (readonly BatchOutput[])[]): boolean {
  return answers.some((answer) =>
    answer.some(({ raw }, index) => !sameBits(raw, answers[0]?.[index]?.raw ?? raw)),
  );
}
