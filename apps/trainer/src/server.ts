import { FeatureStoreService } from '@plumbline/contract-features';
import { TrainingRequestedSchema } from '@plumbline/contract-events';
import { RegistryService } from '@plumbline/contract-registry';
import { TrainerService } from '@plumbline/contract-trainer';
import {
  connectEvents,
  consume,
  deadLetterService,
  singly,
  startReconciler,
  startRelay,
} from '@plumbline/events';
import { fileObjects } from '@plumbline/objects';
import {
  authenticateServices,
  createChannel,
  createClient,
  createServer,
  implement,
  serviceToken,
  type CallOptions,
} from '@plumbline/rpc';
import type { ConfigValues, Scope } from '@plumbline/service';
import { boundedBy, migrate, openDatabase } from '@plumbline/sql';
import type { config } from './config.ts';
import { JobWorker } from './domain/job/job-worker.ts';
import { runJob } from './domain/job/run-job.ts';
import type { Upstream } from './domain/training/ports.ts';
import { codeCommit } from './engine/code-commit.ts';
import { ProcessEngine } from './engine/process-engine.ts';
import { trainingRequested } from './events/training-requested.ts';
import { evaluateVersions } from './service/evaluate-versions.ts';
import { getJob } from './service/get-job.ts';
import { startTraining } from './service/start-training.ts';
import { watchJob } from './service/watch-job.ts';
import { addJob, jobTable } from './store/job-table.ts';
import { artifacts } from './upstream/artifacts.ts';
import { featureStore } from './upstream/feature-store.ts';
import { registry } from './upstream/registry.ts';

const MIGRATIONS = new URL('../migrations/', import.meta.url);
const QUEUE_POLL_MS = 1_000;
const MINUTE_MS = 60_000;

/**
 * Wires a trainer: database and events, the services it asks, the engine, the worker on its queue, its server.
 * Answers the gRPC port.
 */
export async function build(scope: Scope<ConfigValues<typeof config>>): Promise<number> {
  const { config: settings, log, clock } = scope;
  const nowUs = () => clock.nowUs();

  const database = scope.adopt(
    openDatabase({ url: settings.databaseUrl, schema: 'trainer', log }),
    'database',
  );
  await migrate(database, MIGRATIONS);
  scope.readiness('database', () => database.ready());
  const bus = scope.adopt(await connectEvents({ url: settings.natsUrl, service: 'trainer', log }), 'events');
  scope.readiness('events', () => bus.ready());
  scope.adopt(startRelay({ database, bus, log, metrics: scope.metrics }), 'outbox relay');
  scope.adopt(startReconciler({ database, bus, log }), 'outbox reconciler');

  const upstreamFor = upstreamOf(scope);
  const engine = new ProcessEngine({
    processes: settings.engineProcesses,
    memoryMiB: settings.engineMemoryMib,
    timeoutMs: settings.engineTimeoutMs,
  });
  const store = jobTable(database);
  const commit = await codeCommit(settings.codeCommit);
  const worker = scope.adopt(
    new JobWorker({
      store,
      nowUs,
      leaseMs: settings.jobLeaseMs,
      pollMs: QUEUE_POLL_MS,
      attempt: (job, run) =>
        runJob(job, { ...upstreamFor({ tenant: job.tenant }), engine, codeCommit: commit }, run),
      onError: (error, job) =>
        log.warn({ error, tenant: job?.tenant, jobId: job?.jobId }, 'an attempt at a training failed'),
    }),
    'job worker',
  );
  const kick = () => worker.kick();
  const requests = scope.adopt(
    await consume({
      bus,
      database,
      log,
      metrics: scope.metrics,
      durable: 'trainer-training-requested',
      subject: 'plumbline.registry.training-requested',
      schema: TrainingRequestedSchema,
      handle: singly(async (tx, message, envelope) => {
        await trainingRequested({ add: (request) => addJob(tx, request) }, message, envelope);
        tx.afterCommit(kick);
      }),
    }),
    'training requests',
  );

  const server = scope.adopt(
    createServer({
      implementations: [
        implement(TrainerService, {
          startTraining: (request, context) => startTraining({ store, nowUs, kick }, request, context),
          getJob: (request, context) => getJob(store, request, context),
          watchJob: (request, context) => watchJob(store, request, context),
          evaluateVersions: (request, context) =>
            evaluateVersions(
              (tenant) => ({ ...upstreamFor({ tenant, context }), engine, nowUs }),
              request,
              context,
            ),
        }),
        deadLetterService({ database: (call) => boundedBy(database, call), consumers: [requests] }),
      ],
      authenticate: authenticateServices(settings.serviceSecret),
      log,
      metrics: scope.metrics,
      limits: {
        perMethod: {
          'plumbline.trainer.v1.TrainerService/EvaluateVersions': { defaultDeadlineMs: 5 * MINUTE_MS },
        },
      },
    }),
    'gRPC server',
  );
  scope.onDrain((graceMs) => server.drain(graceMs));
  scope.servesWhenReady(server.health);
  const port = await server.listen(settings.host, settings.grpcPort);
  log.info({ port }, 'gRPC port is open');
  return port;
}

/** The services and objects that trainings and evaluations work with, on behalf of a tenant or of a call. */
function upstreamOf(scope: Scope<ConfigValues<typeof config>>): (options: CallOptions) => Upstream {
  const { config: settings } = scope;
  const authorization = serviceToken('trainer', settings.serviceSecret);
  const connect = (address: string) =>
    scope.adopt(createChannel(address, { metadata: () => ({ authorization }) }), `channel to ${address}`);
  const features = createClient(FeatureStoreService, connect(settings.featureStoreAddress));
  const versions = createClient(RegistryService, connect(settings.registryAddress));
  const objects = fileObjects(settings.objectsDir);
  return (options) => ({
    datasets: featureStore(features, options, settings.engineTimeoutMs),
    registry: registry(versions, options),
    artifacts: artifacts(objects),
  });
}
