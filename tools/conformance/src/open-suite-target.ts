import { join } from 'node:path';
import { suiteModels } from './models/suite-models.ts';
import { writeRepository } from './models/write-repository.ts';
import type { Options } from './options.ts';
import { startService } from './target/start-service.ts';
import { openTarget, type Target } from './target/target.ts';

/** Of our own service; it stays for whoever looks into a failure. */
const LOG = 'out/conformance/inference.log';

export interface OpenedTarget {
  readonly target: Target;
  readonly close: () => Promise<void>;
}

/** The server that the options name, or our own, started on a repository in `directory`. */
export async function openSuiteTarget(options: Options, directory: string): Promise<OpenedTarget> {
  const { address, http, metrics } = options;
  if (address === undefined) return ownTarget(directory);
  const models = suiteModels().map(({ name }) => name);
  const target = await openTarget({
    address,
    httpAddress: http,
    metricsAddress: metrics,
    own: false,
    models,
  });
  return { target, close: async () => target.close() };
}

/** Our own service with the suite's models. */
export async function ownTarget(directory: string, logFile = LOG): Promise<OpenedTarget> {
  const models = suiteModels();
  const names = models.map(({ name }) => name);
  const repository = join(directory, 'models');
  writeRepository(repository, models);
  const service = await startService({ repository, directory, logFile, load: names });
  const target = await openTarget({ ...service, own: true, models: names });
  const close = async (): Promise<void> => {
    target.close();
    await service.stop();
  };
  return { target, close };
}
