import { Batcher, type BatcherOptions } from '../batching/batcher.ts';
import { varianceNotice, type VarianceNotice } from '../loading/batching.ts';
import type { DeviceShare } from '../batching/device-share.ts';
import { errors } from '../errors.ts';
import { loadVersion, runnerOptions, type LoadOptions } from '../loading/load-version.ts';
import { memoryOf } from './memory-ledger.ts';
import { RunnerPool } from '../batching/runner-pool.ts';
import type { Device } from '../runners/devices.ts';
import type { Runner, RunnerOptions } from '../runners/runner.ts';
import { VersionStatistics } from '../batching/statistics.ts';
import { TimedRunner } from '../runners/timed-runner.ts';
import type { ListedVersion } from '../traffic.ts';
import type { ServingVersion } from './find-version.ts';
import { within, type Alarm } from '../within.ts';

export interface OpenOptions extends LoadOptions, Pick<BatcherOptions, 'maxQueuedRows' | 'nowMs' | 'soon'> {
  readonly runDepth: number;
  /** The devices as the versions share them. */
  readonly shareOf: (device: Device) => DeviceShare;
  /** Longest time from the first file to the last check, and for opening a replacement. */
  readonly loadTimeoutMs: number;
  /** Longest time of one run in service. */
  readonly runTimeoutMs: number;
  readonly alarm: Alarm;
  readonly delay: (ms: number, signal: AbortSignal) => Promise<void>;
  /** Told when a runner of the version was lost, or could not be replaced yet. */
  readonly onRunnerLoss: (digest: string, error: unknown) => void;
  /** Told once, when a version has been loaded whose rows may not share batches without more ado. */
  readonly onVariance: (version: ListedVersion, notice: VarianceNotice) => void;
}

/**
 * Loads a version and puts a batcher before it, with runners on the devices of its settings. Rejects as loadVersion,
 * with LOAD_TIMEOUT, or with the signal's reason when that fires before.
 */
export async function openVersion(
  version: ListedVersion,
  options: OpenOptions,
  signal: AbortSignal,
): Promise<ServingVersion> {
  const { digest } = version;
  const { runners, signature, invariance, batching, modelBytes, settings, wrap } = await within(
    loadLimit(options),
    signal,
    (limit) => loadVersion(version, options, limit),
  );
  const notice = varianceNotice(batching, settings, invariance);
  if (notice !== undefined) options.onVariance(version, notice);
  const timed = (runner: Runner) => new TimedRunner(runner, options.runTimeoutMs, options.alarm);
  const makePool = (onFree: () => void) =>
    new RunnerPool(runners.map(timed), {
      reopen: async (closing, device) =>
        timed(
          wrap(
            await within(loadLimit(options), closing, (limit) =>
              reopen(version, options, runnerOptions(version, settings, device), limit),
            ),
          ),
        ),
      shareOf: options.shareOf,
      depth: options.runDepth,
      delay: options.delay,
      onFree,
      onLoss: (error) => options.onRunnerLoss(digest, error),
    });
  const statistics = new VersionStatistics();
  const batcher = new Batcher(
    { ...options, signature, batching, queue: settings.queue, statistics },
    makePool,
  );
  return {
    digest,
    signature,
    rowed: batching.rowed,
    together: batching.together && batching.maxRows > 1,
    invariance,
    modelBytes,
    settings,
    statistics,
    batcher,
    memory: memoryOf(runners),
  };
}

/** The files are verified again: between load and loss they may have changed. */
async function reopen(
  version: ListedVersion,
  { artifacts, engine }: LoadOptions,
  runner: RunnerOptions,
  signal: AbortSignal,
): Promise<Runner> {
  const { model } = await artifacts.read(version.files);
  return engine.open(model, runner, signal);
}

function loadLimit({ loadTimeoutMs: limitMs, alarm }: OpenOptions) {
  return { limitMs, alarm, late: () => errors.LOAD_TIMEOUT(`the load took longer than ${limitMs} ms`) };
}
