import type { FittedModel } from './fit-model.ts';
import { checkGolden } from './golden.ts';
import { classifyInvariance, worst, type Invariance, type InvarianceTest } from './invariance.ts';
import { runMadeUp, warmAtSizes } from './made-up-runs.ts';
import type { Runner } from '../runners/runner.ts';
import type { ModelSignature } from '../signature.ts';
import type { VersionContent } from './version-content.ts';
import { warmUp } from './warm-up.ts';

/** What the files of a version want run before it answers. */
export type DeclaredRuns = Pick<VersionContent, 'config' | 'golden' | 'named'>;

/** What the first runs of a version show. */
export interface Findings {
  readonly invariance: Invariance;
  /** Why the model refused all inputs that were made up for it, where it had run nothing else. */
  readonly refusal: string | undefined;
}

/**
 * The runs that all runners of a version have before it answers: those that its files want, then those that tell
 * whether answers depend on the batch, or, where there are no rows and nothing was run, one on made-up inputs.
 * @param runners in the shapes of requests.
 * @throws ServiceError MODEL_CONFIG_INVALID, MODEL_WARMUP_FAILED, GOLDEN_MISMATCH or BATCH_TOO_LARGE.
 * @throws RunnerLost
 */
export async function runFirst(
  runners: readonly Runner[],
  declared: DeclaredRuns,
  model: FittedModel,
): Promise<Findings> {
  await runDeclared(runners, declared, model);
  const seen = runners.map((runner) => seenAs(runner, model.signature));
  const isTried = hasRuns(declared);
  if (!model.rowed) {
    return { invariance: { class: 'UNTESTED' }, refusal: isTried ? undefined : await runMadeUp(seen) };
  }
  const invariance = await classifyOnDevices(seen, testOf(declared, model));
  const refusal = invariance.class === 'UNTESTED' ? invariance.refusal : undefined;
  return { invariance, refusal: isTried ? undefined : refusal };
}

/** The same runs on a runner that takes the place of another: nothing is to be found out by them. */
export async function runAgain(runner: Runner, declared: DeclaredRuns, model: FittedModel): Promise<void> {
  await runDeclared([runner], declared, model);
  const seen = [seenAs(runner, model.signature)];
  if (model.rowed) await warmAtSizes(seen, testOf(declared, model));
  else if (!hasRuns(declared)) await runMadeUp(seen);
}

/** Tests one runner of each device, and has every other run batches of the same sizes; the worst class counts. */
export async function classifyOnDevices(
  runners: readonly Runner[],
  test: InvarianceTest,
): Promise<Invariance> {
  const tested = [...new Map(runners.toReversed().map((runner) => [runner.device, runner])).values()];
  const found: Invariance[] = [];
  for (const runner of tested) found.push(await classifyInvariance(runner, test));
  await warmAtSizes(
    runners.filter((runner) => !tested.includes(runner)),
    test,
  );
  return worst(found);
}

async function runDeclared(
  runners: readonly Runner[],
  { config, golden, named }: DeclaredRuns,
  { signature, rowed }: FittedModel,
): Promise<void> {
  await warmUp(runners, config.warmups, signature, rowed, named);
  if (golden !== undefined) for (const runner of runners) await checkGolden(runner, golden, rowed);
}

/** Whether every runner answers something before anything is made up for it. */
function hasRuns({ config, golden }: DeclaredRuns): boolean {
  return config.warmups.length > 0 || golden !== undefined;
}

function testOf({ golden }: DeclaredRuns, { settings }: FittedModel): InvarianceTest {
  return { golden, maxBatchRows: settings.maxBatchRows, policy: settings.invariance };
}

/** The same runner, as one that takes only what the configuration allows. */
function seenAs(runner: Runner, signature: ModelSignature): Runner {
  return {
    signature,
    device: runner.device,
    memoryBytes: runner.memoryBytes,
    run: (batch) => runner.run(batch),
    abandon: () => runner.abandon(),
    close: () => runner.close(),
  };
}
