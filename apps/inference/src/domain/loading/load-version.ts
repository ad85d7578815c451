import { manifestDigest } from '@plumbline/release';
import { decideBatching, isRowed, type Batching } from './batching.ts';
import { errors } from '../errors.ts';
import { runAgain, runFirst, type Findings } from './first-runs.ts';
import { fitModel, type FittedModel } from './fit-model.ts';
import { openRunner, openRunners, tend } from './open-runners.ts';
import type { ArtifactStore, VersionContent } from './version-content.ts';
import { placed } from '../settings/config-fault.ts';
import { checkName } from '../settings/model-config.ts';
import type { Device } from '../runners/devices.ts';
import type { Engine, Runner } from '../runners/runner.ts';
import { openingSettings, type OpeningSettings } from '../settings/opening-settings.ts';
import type { ListedVersion } from '../traffic.ts';

/** A version that may answer. The runners are the caller's to close. */
export interface LoadedVersion extends Findings {
  /** In the shapes of requests. */
  readonly runners: readonly Runner[];
  readonly model: FittedModel;
  readonly batching: Batching;
  readonly modelBytes: number;
}

export interface LoadOptions {
  readonly artifacts: ArtifactStore;
  readonly engine: Engine;
  readonly runners: number;
  readonly maxBatchRows: number;
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
  checkDigest(version);
  const content = await options.artifacts.read(version.files);
  try {
    return await loadContent(version, content, options, signal);
  } catch (error) {
    throw placed(error, content.placeOf);
  }
}

/**
 * Opens another runner of a loaded version, which has had all runs that the first ones had. The files are verified
 * again: they may have changed since. Rejects as loadVersion.
 */
export async function reopenRunner(
  version: ListedVersion,
  model: FittedModel,
  device: Device,
  { artifacts, engine }: LoadOptions,
  signal: AbortSignal,
): Promise<Runner> {
  const content = await artifacts.read(version.files);
  const opened = await openRunner(version, content.model, { ...model.settings, device }, engine, signal);
  return tend([opened], signal, async () => {
    const runner = model.wrap(opened);
    await runAgain(runner, content, model);
    return runner;
  });
}

async function loadContent(
  version: ListedVersion,
  content: VersionContent,
  options: LoadOptions,
  signal: AbortSignal,
): Promise<LoadedVersion> {
  const { engine } = options;
  const names = version.owners.map(({ model }) => model);
  checkName(content.config, names);
  const opening = openingSettings(content.config, { ...options, providers: engine.providers });
  const opened = await openRunners(version, content.model, opening, engine, signal);
  return tend(opened, signal, () => examine(opened, content, opening, options.maxBatchRows));
}

/** Holds a version to all that its files say of it, and finds out the rest. */
async function examine(
  opened: readonly Runner[],
  content: VersionContent,
  opening: OpeningSettings,
  maxBatchRows: number,
): Promise<LoadedVersion> {
  const [first] = opened;
  if (first === undefined) throw new RangeError('a version needs at least one runner');
  const model = fitModel(first.signature, content, opening, maxBatchRows);
  const runners = opened.map(model.wrap);
  const findings = await runFirst(runners, content, model);
  const rowed = isRowed(model.signature, model.settings);
  const batching = decideBatching(rowed, model.settings, findings.invariance);
  return { ...findings, runners, model, batching, modelBytes: content.modelBytes };
}

function checkDigest({ files, digest }: ListedVersion): void {
  const found = manifestDigest(files);
  if (found === digest) return;
  throw errors.VERSION_DIGEST_MISMATCH(`the files of ${digest} have the digest ${found}`);
}
