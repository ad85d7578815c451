import { errors } from '../errors.ts';
import type { Device } from '../runners/devices.ts';
import { RunnerLost, type Engine, type ModelFile, type Runner } from '../runners/runner.ts';
import type { OpeningSettings } from '../settings/opening-settings.ts';
import type { ListedVersion } from '../traffic.ts';

/** Opens one runner of a version. Rejects as the engine. */
export function openRunner(
  { owners }: ListedVersion,
  model: ModelFile,
  { intraOpThreads, untrusted, device }: Omit<OpeningSettings, 'devices'> & { readonly device: Device },
  engine: Engine,
  signal: AbortSignal,
): Promise<Runner> {
  return engine.open(model, { device, intraOpThreads, untrusted, owners }, signal);
}

/** Opens a runner on each of the devices; where one of them fails, closes the others. Rejects as the engine. */
export async function openRunners(
  version: ListedVersion,
  model: ModelFile,
  settings: OpeningSettings,
  engine: Engine,
  signal: AbortSignal,
): Promise<Runner[]> {
  const opened = await Promise.allSettled(
    settings.devices.map((device) => openRunner(version, model, { ...settings, device }, engine, signal)),
  );
  const failed = opened.find((result) => result.status === 'rejected');
  const ready = opened.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
  if (failed === undefined) return ready;
  await Promise.all(ready.map((runner) => runner.close()));
  throw failed.reason;
}

/**
 * Does work with runners that nobody else has yet. Where it fails they are closed; when the signal fires they are
 * abandoned.
 * @throws ServiceError MODEL_INVALID where one of them ends.
 */
export async function tend<T>(
  runners: readonly Runner[],
  signal: AbortSignal,
  work: () => Promise<T>,
): Promise<T> {
  const abandon = () => runners.forEach((runner) => runner.abandon());
  signal.addEventListener('abort', abandon);
  try {
    return await work();
  } catch (error) {
    await Promise.all(runners.map((runner) => runner.close()));
    if (!(error instanceof RunnerLost)) throw error;
    throw errors.MODEL_INVALID('the runner ended while the model was checked', { cause: error });
  } finally {
    signal.removeEventListener('abort', abandon);
  }
}
