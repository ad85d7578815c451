import { Batcher, type BatcherOptions } from './batcher.ts';
import { loadVersion, type LoadOptions } from './load-version.ts';
import { RunnerPool } from './runner-pool.ts';
import type { Runner } from './runner.ts';
import { hasRows } from './signature.ts';
import type { ListedVersion } from './traffic.ts';
import type { ServingVersion } from './find-version.ts';

export interface OpenOptions extends LoadOptions, Pick<BatcherOptions, 'maxQueuedRows' | 'nowMs' | 'soon'> {
  readonly runDepth: number;
  readonly delay: (ms: number, signal: AbortSignal) => Promise<void>;
  /** Told when a runner of the version was lost, or could not be replaced yet. */
  readonly onRunnerLoss: (digest: string, error: unknown) => void;
}

/**
 * Loads a version and puts a batcher before it. Requests share batches only where the test found that neighbours do
 * not change an answer; otherwise each runs alone.
 */
export async function openVersion(version: ListedVersion, options: OpenOptions): Promise<ServingVersion> {
  const { digest } = version;
  const { runners, signature, invariance, modelBytes } = await loadVersion(version, options);
  const makePool = (onFree: () => void) =>
    new RunnerPool(runners, {
      reopen: () => reopen(version, options),
      depth: options.runDepth,
      delay: options.delay,
      onFree,
      onLoss: (error) => options.onRunnerLoss(digest, error),
    });
  const together = invariance.class === 'INVARIANT';
  const batcher = new Batcher({ ...options, signature, together }, makePool);
  return { digest, signature, rowed: hasRows(signature), invariance, modelBytes, batcher };
}

/** The files are verified again: between load and loss they may have changed. */
async function reopen(version: ListedVersion, { artifacts, engine }: LoadOptions): Promise<Runner> {
  const { model } = await artifacts.read(version.files);
  return engine.open(model);
}
