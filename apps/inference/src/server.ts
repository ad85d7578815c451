import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { InferenceService } from '@plumbline/contract-inference';
import { GRPCInferenceService } from '@plumbline/contract-oip';
import { connectEvents } from '@plumbline/events';
import { fileObjects } from '@plumbline/objects';
import {
  authenticateServices,
  createChannel,
  createServer,
  implement,
  implementRaw,
  serviceToken,
  type Implementation,
  type RpcServer,
  type ServingStatus,
} from '@plumbline/rpc';
import { SnapshotFollower, snapshotFile, type ConfigValues, type Log, type Scope } from '@plumbline/service';
import type { config } from './config.ts';
import { openVersion, type OpenOptions } from './domain/open-version.ts';
import { Readiness } from './domain/readiness.ts';
import type { Listing } from './domain/traffic.ts';
import { VersionTable } from './domain/version-table.ts';
import type { Engine } from './domain/runner.ts';
import { AbandonedThreads } from './engine/abandoned-threads.ts';
import { THREAD_ENTRY, ThreadEngine } from './engine/thread-engine.ts';
import { followTrafficHints } from './events/traffic-changed.ts';
import { exposeAbandoned, exposeVersions } from './metrics.ts';
import { getStatus } from './service/get-status.ts';
import { modelInfer } from './service/model-infer.ts';
import { modelMetadata } from './service/model-metadata.ts';
import { modelReady } from './service/model-ready.ts';
import { serverMetadata } from './service/server-metadata.ts';
import { serverLive, serverReady } from './service/server-ready.ts';
import { listingCodec } from './store/listing-snapshot.ts';
import { registryTraffic } from './store/registry-traffic.ts';
import { versionArtifacts } from './store/version-artifacts.ts';

export type InferenceConfig = ConfigValues<typeof config>;

const VERSION = '0.1.0';
const REGISTRY_TIMEOUT_MS = 2_000;
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
  const table = versionTable(values, engine, log, () => follower.kick());
  const follower = trafficFollower(scope, table, replicaId, () => {
    table.advance();
    readiness.look();
  });
  const readiness = new Readiness(
    () => follower.known && table.settled,
    () => setHealth(server, 'SERVING'),
  );
  const server = createServer({
    implementations: implementations({ table, replicaId, engine, readiness }),
    authenticate: authenticateServices(values.serviceSecret),
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
  scope.onDrain(() => follower.close());
  scope.readiness('versions', async () => {
    if (readiness.ready) return;
    throw new Error(follower.known ? 'versions are being loaded' : 'no traffic snapshot yet');
  });

  const bus = scope.adopt(await connectEvents({ url: values.natsUrl, service: 'inference', log }), 'events');
  await follower.start();
  scope.adopt(
    followTrafficHints(bus, () => follower.kick()),
    'hints',
  );
  const port = await server.listen(values.host, values.grpcPort);
  log.info({ port, replica: replicaId }, 'serving');
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

function versionTable(values: InferenceConfig, engine: Engine, log: Log, onChange: () => void): VersionTable {
  const options: OpenOptions = {
    ...values,
    artifacts: versionArtifacts(fileObjects(values.objectsDir)),
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
    graceMs: values.unloadGraceMs,
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

function trafficFollower(
  scope: Scope<InferenceConfig>,
  table: VersionTable,
  replicaId: string,
  onLook: () => void,
): SnapshotFollower<Listing> {
  const { config: values, log } = scope;
  const address = values.registryAddress;
  const authorization = serviceToken('inference', values.serviceSecret);
  const channel = createChannel(address, { metadata: () => ({ authorization }) });
  scope.adopt({ close: () => channel.close() }, 'registry channel');
  return new SnapshotFollower({
    source: registryTraffic(channel, replicaId, REGISTRY_TIMEOUT_MS, () => table.loadState),
    store: snapshotFile(join(values.stateDir, 'traffic-snapshot.pb'), listingCodec, (error) => {
      log.warn({ error }, 'the saved traffic snapshot cannot be read and is ignored');
    }),
    takeUp: (listing) => table.follow(listing),
    intervalMs: values.followIntervalMs,
    onLook,
    onReach: (reachable, error) => {
      if (reachable) log.info({ address }, 'the registry answers');
      else log.warn({ address, error }, 'the registry is away; versions stay as they are');
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

function alarm(ms: number, ring: () => void): () => void {
  const timer = setTimeout(ring, ms).unref();
  return () => clearTimeout(timer);
}

/** Resolves after the time, or at once when the signal fires. */
async function delay(ms: number, signal: AbortSignal): Promise<void> {
  await sleep(ms, undefined, { signal, ref: false }).catch(() => undefined);
}
