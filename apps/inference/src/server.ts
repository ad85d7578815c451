import { randomUUID } from 'node:crypto';
import { InferenceService } from '@plumbline/contract-inference';
import { GRPCInferenceService } from '@plumbline/contract-oip';
import {
  createServer,
  implement,
  implementRaw,
  implementRawStreams,
  type Implementation,
  type RpcServer,
  type ServingStatus,
} from '@plumbline/rpc';
import type { Log, Scope } from '@plumbline/service';
import { authenticateCallers } from './callers.ts';
import type { InferenceConfig } from './config.ts';
import { openVersion, type OpenOptions } from './domain/open-version.ts';
import { Readiness } from './domain/readiness.ts';
import { ResponseCache } from './domain/response-cache.ts';
import { VersionTable, type VersionTableOptions } from './domain/version-table.ts';
import type { Engine } from './domain/runner.ts';
import { httpPort, mountHttp } from './http-facade.ts';
import { exposeAbandoned, exposeCache, exposeVersions } from './metrics.ts';
import { getStatus } from './service/get-status.ts';
import { modelInfer } from './service/model-infer.ts';
import { modelMetadata } from './service/model-metadata.ts';
import { modelReady } from './service/model-ready.ts';
import { modelStatistics } from './service/model-statistics.ts';
import { modelStreamInfer } from './service/model-stream-infer.ts';
import { serverMetadata } from './service/server-metadata.ts';
import { serverLive, serverReady } from './service/server-ready.ts';
import type { Origin } from './sources/origin.ts';
import { registryOrigin } from './sources/registry.ts';
import { repositoryOrigin } from './sources/repository.ts';
import { versionArtifacts } from './store/version-artifacts.ts';
import { startEngine } from './start-engine.ts';
import { alarm, delay } from './timers.ts';

const VERSION = '0.1.0';
const INFER_METHODS = ['ModelInfer', 'ModelStreamInfer'].map(
  (name) => `${GRPCInferenceService.typeName}/${name}`,
);
/** Requests of one stream that are open at once: a few batches. */
const MAX_STREAM_REQUESTS = 256;

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
  const engine = await startEngine(values, log);
  onEngine(engine);
  const origin = await openOrigin(scope, replicaId);
  const cache = new ResponseCache(values.responseCacheBytes);
  const table = versionTable(values, engine, origin, log, (digest, state) => {
    if (state === 'GONE') cache.forget(digest);
    source.kick();
  });
  const { source } = origin.follow(table, () => readiness.look());
  const readiness = new Readiness(
    () => source.known && table.settled,
    () => setHealth(server, 'SERVING'),
  );
  const server = createServer({
    implementations: implementations({ table, cache, replicaId, engine, readiness, values }),
    authenticate: authenticateCallers(values),
    log,
    metrics: scope.metrics,
    limits: { perMethod: inferLimits(values) },
  });
  setHealth(server, 'NOT_SERVING');
  exposeVersions(scope.metrics, table);
  exposeCache(scope.metrics, cache);
  exposeAbandoned(scope.metrics, engine);
  scope.adopt(engine, 'engine');
  scope.adopt(table, 'versions');
  scope.adopt(server, 'server');
  scope.onDrain(() => server.drain(values.drainTimeoutMs));
  const http = mountHttp(scope, server);
  // Drains run last registered first: the registry counts this replica out before calls are refused.
  scope.onDrain(() => source.close());
  scope.readiness('versions', async () => {
    if (readiness.ready) return;
    throw new Error(source.known ? 'versions are being loaded' : 'no traffic snapshot yet');
  });

  await source.start();
  const port = await server.listen(values.host, values.grpcPort);
  log.info({ port, replica: replicaId }, 'serving');
  await http?.listen();
}

function openOrigin(scope: Scope<InferenceConfig>, replicaId: string): Promise<Origin> | Origin {
  const { modelRepository } = scope.config;
  return modelRepository === undefined
    ? registryOrigin(scope, replicaId)
    : repositoryOrigin(scope, modelRepository);
}

function versionTable(
  values: InferenceConfig,
  engine: Engine,
  { contents, graceMs }: Origin,
  log: Log,
  onChange: VersionTableOptions['onChange'],
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
      onChange(digest, state, failure);
    },
  });
}

function inferLimits({ maxMessageBytes }: InferenceConfig) {
  return Object.fromEntries(INFER_METHODS.map((path) => [path, { maxMessageBytes }]));
}

interface Serving {
  readonly values: InferenceConfig;
  readonly table: VersionTable;
  readonly cache: ResponseCache;
  readonly replicaId: string;
  readonly engine: Engine;
  readonly readiness: Readiness;
}

function implementations(serving: Serving): Implementation[] {
  const { table, cache, replicaId, engine, readiness, values } = serving;
  const answering = { table, cache, nowMs: () => performance.now() };
  const bounds = { maxRequests: MAX_STREAM_REQUESTS, maxBytes: values.maxMessageBytes };
  return [
    implementRaw(GRPCInferenceService, { ModelInfer: modelInfer({ ...answering, replicaId }) }),
    implementRawStreams(GRPCInferenceService, {
      ModelStreamInfer: modelStreamInfer({ ...answering, bounds }),
    }),
    implement(GRPCInferenceService, {
      serverLive,
      serverReady: serverReady(readiness),
      serverMetadata: serverMetadata(VERSION, {
        configuration: false,
        repository: false,
        http: httpPort(values) !== undefined,
      }),
      modelReady: modelReady(table),
      modelMetadata: modelMetadata(table),
      modelStatistics: modelStatistics(table),
    }),
    implement(InferenceService, { getStatus: getStatus({ table, replicaId, providers: engine.providers }) }),
  ];
}

function setHealth({ health }: RpcServer, status: ServingStatus): void {
  for (const service of ['', GRPCInferenceService.typeName]) health.set(service, status);
}
