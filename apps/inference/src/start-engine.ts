import type { Log } from '@plumbline/service';
import type { InferenceConfig } from './config.ts';
import { AbandonedThreads } from './engine/abandoned-threads.ts';
import { ownerFields } from './version-names.ts';
import { TieredEngine } from './engine/tiered-engine.ts';

/**
 * Probes the execution providers and says which are there. Models without a device of their own run on the first; a
 * fallback from the one asked for first is a warning, never silent.
 * @throws ServiceError PROVIDER_UNAVAILABLE where none is.
 */
export async function startEngine(values: InferenceConfig, log: Log): Promise<TieredEngine> {
  const engine = await TieredEngine.start({
    providers: values.executionProviders,
    limits: { maxNodes: values.maxModelNodes },
    heapMiB: values.runnerHeapMib,
    processMemoryMiB: values.maxRunnerMemoryMib,
    niceness: values.runnerNice,
    abandoned: abandonedThreads(values, log),
  });
  const device = engine.defaultDevice;
  for (const { device: asked, available, cause } of engine.providers) {
    if (!available)
      log.warn({ device: asked, error: cause }, 'an execution provider was asked for and is unavailable');
  }
  if (device === values.executionProviders[0]) log.info({ device }, 'models run on this device');
  else log.warn({ device }, 'models fall back to this device');
  return engine;
}

function abandonedThreads(values: InferenceConfig, log: Log): AbandonedThreads {
  return new AbandonedThreads({
    maxAbandoned: values.maxAbandonedRunners,
    onAbandoned: (model, event, count) => {
      const fields = { digest: model.digest, ...ownerFields(model.owners ?? []), count };
      if (event === 'ended') log.info(fields, 'an abandoned runner came back and has ended');
      else log.error(fields, 'a runner did not come back from its model and was abandoned');
    },
  });
}
