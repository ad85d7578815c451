import { manifestDigest, type ManifestFile } from '@plumbline/release';
import type { Signature } from '@plumbline/signature';
import { shapeFits } from '@plumbline/tensors';
import { decideBatching, isRowed, type Batching } from './batching.ts';
import { errors } from '../errors.ts';
import { checkGolden, type GoldenSet } from './golden.ts';
import { classifyOnDevices, type Invariance } from './invariance.ts';
import { checkName, type ModelConfig } from '../settings/model-config.ts';
import type { ModelSettings } from '../settings/model-settings.ts';
import type { Device } from '../runners/devices.ts';
import { reshapingOf, type Reshaping } from '../settings/reshape.ts';
import {
  RunnerLost,
  type Engine,
  type ModelFile,
  type Runner,
  type RunnerOptions,
} from '../runners/runner.ts';
import { openingSettings, type OpeningSettings, type ServiceDefaults } from '../settings/opening-settings.ts';
import { narrowInputs, settingsOfConfig } from '../settings/settings-of-config.ts';
import type { ModelSignature } from '../signature.ts';
import type { ListedVersion } from '../traffic.ts';
import { warmUp } from './warm-up.ts';

/** The files of a version that serving needs; each has been read and has its digest and size. */
export interface VersionContent {
  readonly model: ModelFile;
  readonly modelBytes: number;
  readonly signature: Signature | undefined;
  readonly golden: GoldenSet | undefined;
  readonly config: ModelConfig;
  /** The files that the configuration names, by path. */
  readonly named: ReadonlyMap<string, Uint8Array>;
}

/** The object store as this service sees it. */
export interface ArtifactStore {
  /** Reads and verifies every file. Rejects with ARTIFACT_MISSING, ARTIFACT_CORRUPT, GOLDEN_MISMATCH or MODEL_CONFIG_INVALID. */
  read(files: readonly ManifestFile[]): Promise<VersionContent>;
}

/** A version that may answer. The runners are the caller's to close. */
export interface LoadedVersion {
  readonly runners: readonly Runner[];
  readonly signature: ModelSignature;
  readonly invariance: Invariance;
  readonly batching: Batching;
  readonly modelBytes: number;
  readonly settings: ModelSettings;
  /** What was done to the runners, for those that take their place. */
  readonly wrap: Reshaping['wrap'];
}

export interface LoadOptions {
  readonly artifacts: ArtifactStore;
  readonly engine: Engine;
  readonly runners: number;
  readonly maxBatchRows: number;
}

/** What the runners of a version are opened with, by device. */
export function runnerOptions(
  { owners }: ListedVersion,
  { intraOpThreads, untrusted }: OpeningSettings,
  device: Device,
): RunnerOptions {
  return { device, intraOpThreads, untrusted, owners };
}

/**
 * Fetches and verifies a version, opens its runners, checks what its files declare, warms them up, compares golden
 * outputs and tests batch invariance. Whatever fails closes what was opened; when the signal fires, that is abandoned.
 * @throws ServiceError with the reason that is reported to the registry.
 */
export async function loadVersion(
  version: ListedVersion,
  options: LoadOptions,
  signal: AbortSignal,
): Promise<LoadedVersion> {
  const found = manifestDigest(version.files);
  if (found !== version.digest) {
    throw errors.VERSION_DIGEST_MISMATCH(`the files of ${version.digest} have the digest ${found}`);
  }
  const content = await options.artifacts.read(version.files);
  checkName(
    content.config,
    version.owners.map(({ model }) => model),
  );
  const defaults = { ...options, providers: options.engine.providers };
  const settings = openingSettings(content.config, defaults);
  const runners = await openRunners(version, content.model, settings, options.engine, signal);
  const abandon = () => runners.forEach((runner) => runner.abandon());
  signal.addEventListener('abort', abandon);
  try {
    return { modelBytes: content.modelBytes, ...(await examine(runners, content, defaults)) };
  } catch (error) {
    await Promise.all(runners.map((runner) => runner.close()));
    if (!(error instanceof RunnerLost)) throw error;
    throw errors.MODEL_INVALID('the runner ended while the model was checked', { cause: error });
  } finally {
    signal.removeEventListener('abort', abandon);
  }
}

/** Holds a version to all that its files say of it, and finds out the rest. */
async function examine(
  opened: readonly Runner[],
  { config, named, signature: declared, golden }: VersionContent,
  defaults: ServiceDefaults,
): Promise<Omit<LoadedVersion, 'modelBytes'>> {
  const model = opened[0]?.signature;
  if (model === undefined) throw new RangeError('a version needs at least one runner');
  if (declared !== undefined) checkSignature(model, declared);
  const settings = settingsOfConfig(config, model, defaults, textsOf(named));
  const rowed = settings.maxBatchRows > 0;
  const { signature: outer, wrap } = reshapingOf(config, model, rowed);
  const runners = opened.map(wrap);
  const signature = narrowInputs(outer, config, rowed);
  await warmUp(runners, config.warmups, signature, rowed, named);
  if (golden !== undefined) for (const runner of runners) await checkGolden(runner, golden);
  const { maxBatchRows, invariance: policy } = settings;
  const invariance: Invariance = rowed
    ? await classifyOnDevices(
        runners.map((runner) => seenAs(runner, signature)),
        { golden, maxBatchRows, policy },
      )
    : { class: 'UNTESTED' };
  const batching = decideBatching(isRowed(signature, settings), settings, invariance);
  return { runners, wrap, signature, settings, invariance, batching };
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

function textsOf(files: ReadonlyMap<string, Uint8Array>): ReadonlyMap<string, string> {
  return new Map([...files].map(([path, bytes]) => [path, new TextDecoder('utf-8').decode(bytes)]));
}

async function openRunners(
  version: ListedVersion,
  model: ModelFile,
  settings: OpeningSettings,
  engine: Engine,
  signal: AbortSignal,
): Promise<Runner[]> {
  const opened = await Promise.allSettled(
    settings.devices.map((device) => engine.open(model, runnerOptions(version, settings, device), signal)),
  );
  const failed = opened.find((result) => result.status === 'rejected');
  const ready = opened.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
  if (failed === undefined) return ready;
  await Promise.all(ready.map((runner) => runner.close()));
  throw failed.reason;
}

function checkSignature(model: ModelSignature, declared: Signature): void {
  for (const side of ['inputs', 'outputs'] as const) {
    for (const tensor of declared[side]) {
      const own = model[side].find(({ name }) => name === tensor.name);
      if (own?.datatype !== tensor.datatype || !shapeFits(own.shape, tensor.shape)) {
        throw errors.SIGNATURE_MISMATCH(
          `the model has no ${side} "${tensor.name}" as signature.json declares it`,
        );
      }
    }
  }
  const undeclared = model.inputs.find(({ name }) => !declared.inputs.some((input) => input.name === name));
  if (undeclared !== undefined) {
    throw errors.SIGNATURE_MISMATCH(`signature.json does not declare the input "${undeclared.name}"`);
  }
}
