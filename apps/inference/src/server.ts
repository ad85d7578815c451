import { randomUUID } from 'node:crypto';
import { InferenceService } from '@plumbline/contract-inference';
import { GRPCInferenceService } from '@plumbline/contract-oip';
import {
  createServer,
  implement,
  implementRaw,
  type Implementation,
  type RpcServer,
  type ServingStatus,
} from '@plumbline/rpc';
import type { Log, Scope } from '@plumbline/service';
import { authenticateCallers } from './callers.ts';
import type { InferenceConfig } from './config.ts';
import { openVersion, type OpenOptions } from './domain/open-version.ts';
import { Readiness } from './domain/readiness.ts';
import { VersionTable } from './domain/version-table.ts';
import type { Engine } from './domain/runner.ts';
import { AbandonedThreads } from './engine/abandoned-threads.ts';
import { THREAD_ENTRY, ThreadEngine } from './engine/thread-engine.ts';
import { exposeAbandoned, exposeVersions } from './metrics.ts';
import { getStatus } from './service/get-status.ts';
import { modelInfer } from './service/model-infer.ts';
import { modelMetadata } from './service/model-metadata.ts';
import { modelReady } from './service/model-ready.ts';
import { serverMetadata } from './service/server-metadata.ts';
import { serverLive, serverReady } from './service/server-ready.ts';
import type { Origin } from './sources/origin.ts';
import { registryOrigin } from './sources/registry.ts';
import { repositoryOrigin } from './sources/repository.ts';
import { versionArtifacts } from './store/version-artifacts.ts';
import { alarm, delay } from './timers.ts';

const VERSION = '0.1.0';
const INFER_METHOD = 'inference.GRPCInferenceService/ModelInfer';

/**
 * Wires an inference replica.
 * @param onEngine told of the engine, whose abandoned runners concern the end of the process.
 */
export async function build(
  scope: Scope<InferenceConfig>,
  onEngine: (engine: Engine) => void = () => undefined,
): Promise<void> {
  const { config: values, log } = scope;
  const replicaId = `inference-${randomUUID()}`;
  const engine = await ThreadEngine.start({
    entry: THREAD_ENTRY,
    limits: { maxNodes: values.maxModelNodes },
    heapMiB: values.runnerHeapMib,
    abandoned: abandonedThreads(values, log),
  });
  onEngine(engine);
  const origin = await openOrigin(scope, replicaId);
  const table = versionTable(values, engine, origin, log, () => source.kick());
  const { source } = origin.follow(table, () => readiness.look());
  const readiness = new Readiness(
    () => source.known && table.settled,
    () => setHealth(server, 'SERVING'),
  );
  const server = createServer({
    implementations: implementations({ table, replicaId, engine, readiness }),
    authenticate: authenticateCallers(values),
    log,
    metrics: scope.metrics,
    limits: { perMethod: { [INFER_METHOD]: { maxMessageBytes: values.maxMessageBytes } } },
  });
  setHealth(server, 'NOT_SERVING');
  exposeVersions(scope.metrics, table);
  exposeAbandoned(scope.metrics, engine);
  scope.adopt(engine, 'engine');
  scope.adopt(table, 'versions');
  scope.adopt(server, 'server');
  scope.onDrain(() => server.drain(values.drainTimeoutMs));
  // Drains run last registered first: the registry counts this replica out before calls are refused.
  scope.onDrain(() => source.close());
  scope.readiness('versions', async () => {
    if (readiness.ready) return;
    throw new Error(source.known ? 'versions are being loaded' : 'no traffic snapshot yet');
  });

  await source.start();
  const port = await server.listen(values.host, values.grpcPort);
  log.info({ port, replica: replicaId }, 'serving');
}

function openOrigin(scope: Scope<InferenceConfig>, replicaId: string): Promise<Origin> | Origin {
  const { modelRepository } = scope.config;
  return modelRepository === undefined
    ? registryOrigin(scope, replicaId)
    : repositoryOrigin(scope, modelRepository);
}

function abandonedThreads(values: InferenceConfig, log: Log): AbandonedThreads {
  return new AbandonedThreads({
    maxAbandoned: values.maxAbandonedRunners,
    onAbandoned: (model, event, count) => {
      if (event === 'ended')
        log.info({ digest: model, count }, 'an abandoned runner came back and has ended');
      else log.error({ digest: model, count }, 'a runner did not come back from its model and was abandoned');
    },
  });
}

function versionTable(
  values: InferenceConfig,
  engine: Engine,
  { contents, graceMs }: Origin,
  log: Log,
  onChange: () => void,
): VersionTable {
  const options: OpenOptions = {
    ...values,
    artifacts: versionArtifacts(contents),
    engine,
    nowMs: () => performance.now(),
    soon: setImmediate,
    delay,
    alarm,
    onRunnerLoss: (digest, error) => log.error({ digest, error }, 'a runner was lost; it is being replaced'),
  };
  return new VersionTable({
    load: (version, signal) => openVersion(version, options, signal),
    nowMs: options.nowMs,
    concurrentLoads: values.concurrentLoads,
    graceMs,
    onUnexpected: (digest, error) => log.error({ digest, error }, 'a load failed unexpectedly'),
    onChange: (digest, state, failure) => {
      if (failure === undefined) log.info({ digest, state }, 'a version changed its state');
      else
        log.error(
          { digest, state, reason: failure.reason, error: failure.detail },
          'a version failed to load',
        );
      onChange();
    },
  });
}

interface Serving {
  readonly table: VersionTable;
  readonly replicaId: string;
  readonly engine: Engine;
  readonly readiness: Readiness;
}

function implementations({ table, replicaId, engine, readiness }: Serving): Implementation[] {
  return [
    implementRaw(GRPCInferenceService, {
      ModelInfer: modelInfer({ table, replicaId, nowMs: () => performance.now() }),
    }),
    implement(GRPCInferenceService, {
      serverLive,
      serverReady: serverReady(readiness),
      serverMetadata: serverMetadata(VERSION),
      modelReady: modelReady(table),
      modelMetadata: modelMetadata(table),
    }),
    implement(InferenceService, { getStatus: getStatus({ table, replicaId, providers: engine.providers }) }),
  ];
}

function setHealth({ health }: RpcServer, status: ServingStatus): void {
  for (const service of ['', GRPCInferenceService.typeName]) health.set(service, status);
}
