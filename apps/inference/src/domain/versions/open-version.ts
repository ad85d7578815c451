import { Batcher, type BatcherOptions } from '../batching/batcher.ts';
import { varianceNotice, type VarianceNotice } from '../loading/batching.ts';
import type { DeviceShare } from '../batching/device-share.ts';
import { errors } from '../errors.ts';
import { loadVersion, reopenRunner, type LoadedVersion, type LoadOptions } from '../loading/load-version.ts';
import { memoryOf } from './memory-ledger.ts';
import { RunnerPool } from '../batching/runner-pool.ts';
import type { Device } from '../runners/devices.ts';
import type { Runner } from '../runners/runner.ts';
import type { VersionStatistics } from '../batching/statistics.ts';
import { TimedRunner } from '../runners/timed-runner.ts';
import type { ListedVersion } from '../traffic.ts';
import type { ServingVersion, VersionFacts } from './find-version.ts';
import { within, type Alarm } from '../within.ts';

export interface OpenOptions extends LoadOptions, Pick<BatcherOptions, 'maxQueuedRows' | 'nowMs' | 'soon'> {
  readonly runDepth: number;
  /** The devices as the versions share them. */
  readonly shareOf: (device: Device) => DeviceShare;
  /** Longest time from the first file to the last check, and for opening and warming up a replacement. */
  readonly loadTimeoutMs: number;
  /** Longest time of one run in service. */
  readonly runTimeoutMs: number;
  readonly alarm: Alarm;
  readonly delay: (ms: number, signal: AbortSignal) => Promise<void>;
  /** Told when a runner of the version was lost, or could not be replaced yet. */
  readonly onRunnerLoss: (digest: string, error: unknown) => void;
  /** Told once, when a version has been loaded whose rows may not share batches without more ado. */
  readonly onVariance: (version: ListedVersion, notice: VarianceNotice) => void;
  /** Told once, when a version has been loaded that refused all inputs made up for it, and brings no others. */
  readonly onRefusal: (version: ListedVersion, refusal: string) => void;
}

/**
 * Loads a version and puts a batcher before it, with runners on the devices of its settings. Rejects as loadVersion,
 * with LOAD_TIMEOUT, or with the signal's reason when that fires before.
 * @param statistics that the version's work is counted in.
 */
export async function openVersion(
  version: ListedVersion,
  statistics: VersionStatistics,
  options: OpenOptions,
  signal: AbortSignal,
): Promise<ServingVersion> {
  const loaded = await within(loadLimit(options), signal, (limit) => loadVersion(version, options, limit));
  tell(version, loaded, options);
  const { batching, runners, model } = loaded;
  const batcher = new Batcher(
    { ...options, signature: model.signature, batching, queue: model.settings.queue, statistics },
    (onFree) => poolOf(version, loaded, options, onFree),
  );
  return { ...factsOf(version, loaded), statistics, batcher, memory: memoryOf(runners) };
}

function tell(
  version: ListedVersion,
  { batching, model, invariance, refusal }: LoadedVersion,
  to: OpenOptions,
) {
  const notice = varianceNotice(batching, model.settings, invariance);
  if (notice !== undefined) to.onVariance(version, notice);
  if (refusal !== undefined) to.onRefusal(version, refusal);
}

function factsOf(
  { digest }: ListedVersion,
  { model, batching, invariance, modelBytes }: LoadedVersion,
): VersionFacts {
  return {
    digest,
    signature: model.signature,
    rowed: batching.rowed,
    together: batching.together && batching.maxRows > 1,
    invariance,
    pinnedRows: batching.padRows,
    modelBytes,
    settings: model.settings,
  };
}

function poolOf(
  version: ListedVersion,
  { runners, model }: LoadedVersion,
  options: OpenOptions,
  onFree: () => void,
): RunnerPool {
  const timed = (runner: Runner) => new TimedRunner(runner, options.runTimeoutMs, options.alarm);
  return new RunnerPool(runners.map(timed), {
    reopen: async (closing, device) =>
      timed(
        await within(loadLimit(options), closing, (limit) =>
          reopenRunner(version, model, device, options, limit),
        ),
      ),
    shareOf: options.shareOf,
    depth: options.runDepth,
    delay: options.delay,
    onFree,
    onLoss: (error) => options.onRunnerLoss(version.digest, error),
  });
}

function loadLimit({ loadTimeoutMs: limitMs, alarm }: OpenOptions) {
  return { limitMs, alarm, late: () => errors.LOAD_TIMEOUT(`the load took longer than ${limitMs} ms`) };
}
