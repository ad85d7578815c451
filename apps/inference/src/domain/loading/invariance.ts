import { answersAmong, differenceIn, tellApart } from './compare-answers.ts';
import type { GoldenSet } from './golden.ts';
import type { InvariancePolicy } from '../settings/model-settings.ts';
import type { ProbeInputs } from '../runners/probe.ts';
import { RunFailed, type Runner } from '../runners/runner.ts';
import { madeUpRows, madeUpShapes } from './made-up-inputs.ts';
import { hasRows } from '../signature.ts';
import { goldenRows } from './test-rows.ts';

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
