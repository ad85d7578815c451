import type { GoldenSet } from './golden.ts';
import { testSizes, type InvarianceTest } from './invariance.ts';
import { probe, type ProbeInputs } from '../runners/probe.ts';
import { RunFailed, type Runner } from '../runners/runner.ts';
import type { ModelSignature } from '../signature.ts';
import { MADE_UP_WIDTHS, madeUpInputs, madeUpRows, madeUpShapes } from './made-up-inputs.ts';
import { goldenRows, joinRows } from './test-rows.ts';

/**
 * Runs batches of all sizes that the test of invariance runs. That a model refuses made-up rows says nothing; that a
 * runner ends does.
 * @param runners of one model.
 * @throws ServiceError BATCH_TOO_LARGE.
 * @throws RunnerLost
 */
export async function warmAtSizes(runners: readonly Runner[], test: InvarianceTest): Promise<void> {
  const [first] = runners;
  if (first === undefined) return;
  for (const rows of await warmRows(first.signature, test.golden)) {
    for (const size of testSizes(test)) {
      const members = Array.from({ length: size }, (_, at) => rows[at % rows.length] as ProbeInputs);
      if ((await refusalOf(runners, await joinRows(members), true)) !== undefined) break;
    }
  }
}

/**
 * Runs inputs of the declared shapes on runners of a model without rows: open dimensions are 1, and where the model
 * refuses that, somewhat wider.
 * @returns why it refused all of them; undefined where it took any.
 * @throws ServiceError BATCH_TOO_LARGE.
 * @throws RunnerLost
 */
export async function runMadeUp(runners: readonly Runner[]): Promise<string | undefined> {
  const { signature } = runners[0] as Runner;
  const isOpen = signature.inputs.some(({ shape }) => shape.includes(-1));
  let refusal: string | undefined;
  for (const width of isOpen ? [1, ...MADE_UP_WIDTHS] : [1]) {
    refusal = await refusalOf(runners, await madeUpInputs(signature, width), false);
    if (refusal === undefined) return undefined;
  }
  return refusal;
}

/** Has all runners run the inputs at once; why one of them refused to. */
async function refusalOf(
  runners: readonly Runner[],
  inputs: ProbeInputs,
  rowed: boolean,
): Promise<string | undefined> {
  const refusals = await Promise.all(runners.map((runner) => refusalBy(runner, inputs, rowed)));
  return refusals.find((refusal) => refusal !== undefined);
}

async function refusalBy(runner: Runner, inputs: ProbeInputs, rowed: boolean): Promise<string | undefined> {
  try {
    await probe(runner, inputs, rowed);
    return undefined;
  } catch (error) {
    if (error instanceof RunFailed) return error.message;
    throw error;
  }
}

/** Rows of each shape that is to be warmed up: those of the golden set, which the model is known to take, or made up. */
async function warmRows(
  signature: ModelSignature,
  golden: GoldenSet | undefined,
): Promise<readonly ProbeInputs[][]> {
  const known = goldenRows(signature, golden);
  if (known.length > 0) return [known];
  return Promise.all(madeUpShapes(signature).map((shapes) => madeUpRows(signature, shapes, false)));
}
