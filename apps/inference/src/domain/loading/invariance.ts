import { setImmediate as nextTurn } from 'node:timers/promises';
import { largestDifference, sameBits } from './differences.ts';
import type { GoldenSet } from './golden.ts';
import type { InvariancePolicy } from '../settings/model-settings.ts';
import { probe, type ProbeInputs } from '../runners/probe.ts';
import { RowStarts } from '../row-starts.ts';
import { RunFailed, type BatchOutput, type Runner } from '../runners/runner.ts';
import { hasRows, type ModelSignature } from '../signature.ts';
import { goldenRows, hasOpenWidth, joinRows, MADE_UP_WIDTHS, madeUpRows, rowShapes } from './test-rows.ts';

/**
 * Whether a row's answer depends on the rows it is batched with, as found by test. `rows` is there where it is for
 * batches of this size alone.
 */
export type Invariance =
  | { readonly class: 'INVARIANT'; readonly rows?: number }
  | { readonly class: 'VARIANT'; readonly largestDifference: number; readonly rows?: number }
  /** The model has no rows, or none are known that it accepts and tells apart. */
  | { readonly class: 'UNTESTED' };

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

/**
 * Runs each test row alone, then in batches of several sizes and at several positions, and compares bits. Where answers
 * differ and the policy pins the size of batches, that size is tested by itself: a row among copies of itself against
 * the same row among others. Test rows are those of the golden set; where it has not two, also made-up ones, if the
 * model accepts them. Rows that are all answered alike show nothing. This also warms the runner up at all those sizes.
 */
export async function classifyInvariance(runner: Runner, test: InvarianceTest): Promise<Invariance> {
  if (!hasRows(runner.signature)) return { class: 'UNTESTED' };
  const golden = goldenRows(runner.signature, test.golden);
  if (golden.length >= 2) return (await tryRows(runner, golden, test)) ?? { class: 'UNTESTED' };
  const found: Invariance[] = [];
  for (const shapes of shapesOfRows(runner.signature, golden[0])) {
    const tried = await tryMadeUp(runner, golden, shapes, test);
    if (tried !== undefined) found.push(tried);
  }
  return found.length > 0 ? worst(found) : ((await tryRows(runner, golden, test)) ?? { class: 'UNTESTED' });
}

/** Tests one runner of each device, and has every other run once; the worst class counts. */
export async function classifyOnDevices(
  runners: readonly Runner[],
  test: InvarianceTest,
): Promise<Invariance> {
  const found = new Map<string, Invariance>();
  for (const runner of runners) {
    if (found.has(runner.device)) await runOnce(runner);
    else found.set(runner.device, await classifyInvariance(runner, test));
  }
  return worst([...found.values()]);
}

/** Warms the runner up. That it refuses a made-up row says nothing; that it ends does. */
async function runOnce(runner: Runner): Promise<void> {
  if (!hasRows(runner.signature)) return;
  const [row] = await madeUpRows(runner.signature, rowShapes(runner.signature, MADE_UP_WIDTHS[0]), false);
  try {
    if (row !== undefined) await probe(runner, row);
  } catch (error) {
    if (!(error instanceof RunFailed)) throw error;
  }
}

/** Rows of mixed magnitudes tell more models' answers apart; some models take only small ones. */
async function tryMadeUp(
  runner: Runner,
  golden: readonly ProbeInputs[],
  shapes: ProbeInputs['shapes'],
  test: InvarianceTest,
): Promise<Invariance | undefined> {
  for (const mixed of [true, false]) {
    const rows = [...golden, ...(await madeUpRows(runner.signature, shapes, mixed))];
    const found = await tryRows(runner, rows, test);
    if (found !== undefined) return found;
  }
  return undefined;
}

function shapesOfRows(signature: ModelSignature, known: ProbeInputs | undefined): ProbeInputs['shapes'][] {
  if (known !== undefined) return [known.shapes];
  const widths = hasOpenWidth(signature) ? MADE_UP_WIDTHS : [1];
  return widths.map((width) => rowShapes(signature, width));
}

/** Of what several tests found, that which promises least. */
export function worst(found: readonly Invariance[]): Invariance {
  const rank = (one: Invariance) =>
    one.class === 'VARIANT' ? 3 + one.largestDifference : one.class === 'UNTESTED' ? 2 : one.rows ? 1 : 0;
  return found.reduce((left, right) => (rank(right) > rank(left) ? right : left));
}

/** Undefined where the model does not accept the rows: made-up ones may lie outside what it takes. */
async function tryRows(
  runner: Runner,
  rows: readonly ProbeInputs[],
  { maxBatchRows, policy }: InvarianceTest,
): Promise<Invariance | undefined> {
  if (rows.length === 0) return undefined;
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
    if (error instanceof RunFailed) return undefined;
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
