import { randomUUID } from 'node:crypto';
import { PredictionsRecordedSchema, VersionRegisteredSchema } from '@plumbline/contract-events';
import { MonitorService } from '@plumbline/contract-monitor';
import { RegistryService } from '@plumbline/contract-registry';
import {
  connectEvents,
  consume,
  deadLetterService,
  singly,
  startReconciler,
  startRelay,
  type Consumer,
  type EventBus,
} from '@plumbline/events';
import { fileObjects } from '@plumbline/objects';
import {
  authenticateServices,
  createChannel,
  createClient,
  createServer,
  implement,
  serviceToken,
  type CallContext,
  type Implementation,
} from '@plumbline/rpc';
import type { Clock, Scope } from '@plumbline/service';
import { boundedBy, migrate, openDatabase, within, type Database } from '@plumbline/sql';
import type { MonitorConfig } from './config.ts';
import { announceLabels } from './domain/announce-labels.ts';
import type { Versions } from './domain/monitored-version.ts';
import { startRounds, type Rounds } from './domain/rounds.ts';
import { submitLabels } from './domain/submit-labels.ts';
import { watchDrift } from './domain/watch-drift.ts';
import { onPredictionsRecorded } from './events/predictions-recorded.ts';
import { onVersionRegistered } from './events/version-registered.ts';
import { handleGetCounts } from './service/get-counts.ts';
import { handleGetDrift } from './service/get-drift.ts';
import { handleGetPerformance } from './service/get-performance.ts';
import { handleListAlerts } from './service/list-alerts.ts';
import { handleSubmitLabels } from './service/submit-labels.ts';
import { handleWatchAlerts } from './service/watch-alerts.ts';
import { alertStore } from './store/alerts.ts';
import { countStore } from './store/counts.ts';
import { driftWatch } from './store/drift-watch.ts';
import { dueModels } from './store/due-models.ts';
import { knownVersions } from './store/known-versions.ts';
import { labelLedger } from './store/label-ledger.ts';
import { labelStore } from './store/labels.ts';
import { performanceStore } from './store/performance.ts';
import { predictionIntake } from './store/prediction-intake.ts';
import { driftStore } from './store/windows.ts';
import { registryVersions, type RegistryVersions } from './upstream/registry-versions.ts';

const SCHEMA = 'monitor';
/** When predictions that a killed replica held go to another one. */
const TAKE_OVER_AFTER_MS = 10_000;

type MonitorScope = Scope<MonitorConfig>;

export async function build(scope: MonitorScope): Promise<void> {
  await serve(scope);
}

/** Wires monitor: storage, versions, the rounds over models, what feeds them, what asks. Yields the gRPC port. */
export async function serve(scope: MonitorScope): Promise<number> {
  const { config, log } = scope;
  const database = scope.adopt(
    openDatabase({ url: config.databaseUrl, schema: SCHEMA, poolSize: config.databasePoolSize, log }),
    'database',
  );
  scope.readiness('database', () => database.ready());
  await migrate(database, new URL('../migrations/', import.meta.url));

  const bus = scope.adopt(await connectEvents({ url: config.natsUrl, service: 'monitor', log }), 'events');
  scope.readiness('events', () => bus.ready());
  scope.adopt(startRelay({ database, bus, log, metrics: scope.metrics }), 'outbox relay');
  scope.adopt(startReconciler({ database, bus, log }), 'outbox reconciler');

  const versions = openVersions(scope, database);
  const rounds = scope.adopt(openRounds(scope, database, versions), 'rounds');
  const consumers = await openConsumers(scope, { database, bus, versions, rounds });

  const server = scope.adopt(
    createServer({
      implementations: [
        implementation(database, versions, rounds, scope.clock),
        deadLetterService({ database: (call) => boundedBy(database, call), consumers }),
      ],
      authenticate: authenticateServices(config.serviceSecret),
      log,
      metrics: scope.metrics,
    }),
    'gRPC server',
  );
  scope.onDrain((graceMs) => server.drain(graceMs));
  scope.servesWhenReady(server.health);
  const bound = await server.listen(config.host, config.grpcPort);
  log.info({ port: bound }, 'gRPC port is open');
  return bound;
}

function openVersions({ config, ...scope }: MonitorScope, database: Database): RegistryVersions {
  const authorization = serviceToken('monitor', config.serviceSecret);
  const channel = scope.adopt(
    createChannel(config.registryAddress, { metadata: () => ({ authorization }), defaultTimeoutMs: 5_000 }),
    'registry channel',
  );
  return registryVersions({
    registry: createClient(RegistryService, channel),
    objects: fileObjects(config.objectsDir),
    known: knownVersions(database),
    log: scope.log,
  });
}

function openRounds({ config, clock, log }: MonitorScope, database: Database, versions: Versions): Rounds {
  return startRounds({
    due: () => dueModels(database),
    judge: ({ tenant, model }) =>
      database.transaction((tx) =>
        watchDrift(driftWatch(tx, clock.nowUs()), versions, tenant, model, randomUUID),
      ),
    announce: ({ tenant, model }, patient) =>
      database.transaction((tx) => announceLabels(labelLedger(tx, clock.nowUs()), tenant, model, patient)),
    clock,
    log,
    intervalMs: config.roundIntervalMs,
    patienceMs: config.labelPatienceMs,
  });
}

interface Feeding {
  readonly database: Database;
  readonly bus: EventBus;
  readonly versions: RegistryVersions;
  readonly rounds: Rounds;
}

async function openConsumers(
  scope: MonitorScope,
  { database, bus, versions, rounds }: Feeding,
): Promise<Consumer[]> {
  const { log, metrics } = scope;
  const predictions = await consume({
    ...{ bus, database, log, metrics },
    durable: 'monitor-predictions',
    subject: 'plumbline.audit.predictions-recorded',
    schema: PredictionsRecordedSchema,
    ackWaitMs: TAKE_OVER_AFTER_MS,
    handle: async (tx, events) => {
      tx.afterCommit(() => rounds.kick());
      await onPredictionsRecorded(predictionIntake(tx), versions, events);
    },
  });
  const registered = await consume({
    ...{ bus, database, log, metrics },
    durable: 'monitor-versions',
    subject: 'plumbline.registry.version-registered',
    schema: VersionRegisteredSchema,
    handle: singly((_tx, message, { tenant }) => onVersionRegistered(versions.learn, tenant, message)),
  });
  return [scope.adopt(predictions, 'predictions consumer'), scope.adopt(registered, 'versions consumer')];
}

function implementation(
  database: Database,
  versions: Versions,
  rounds: Rounds,
  clock: Clock,
): Implementation {
  const bounded = (call: CallContext) => boundedBy(database, call);
  return implement(MonitorService, {
    submitLabels: (request, context) =>
      handleSubmitLabels(
        (tenant, labels, completeUntilUs) =>
          database.transaction((tx) => {
            tx.afterCommit(() => rounds.kick());
            return submitLabels(labelStore(tx), tenant, labels, completeUntilUs, clock.nowUs());
          }, within(context)),
        request,
        context,
      ),
    getPerformance: (request, context) =>
      handleGetPerformance(performanceStore(bounded(context)), versions, request, context),
    getDrift: (request, context) => handleGetDrift(driftStore(bounded(context)), versions, request, context),
    listAlerts: (request, context) => handleListAlerts(alertStore(bounded(context)), request, context),
    watchAlerts: (request, context) => handleWatchAlerts(alertStore(database), request, context),
    getCounts: (request, context) => handleGetCounts(countStore(bounded(context)), request, context),
  });
}
