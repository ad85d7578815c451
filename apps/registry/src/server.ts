import { LabelsAdvancedSchema } from '@plumbline/contract-events';
import {
  connectEvents,
  consume,
  deadLetterService,
  singly,
  startReconciler,
  startRelay,
} from '@plumbline/events';
import { fileObjects } from '@plumbline/objects';
import { authenticateServices, createServer } from '@plumbline/rpc';
import type { Scope } from '@plumbline/service';
import { boundedBy, migrate, openDatabase } from '@plumbline/sql';
import type { RegistryConfig } from './config.ts';
import { labelsAdvanced } from './events/labels-advanced.ts';
import { authorise } from './service/authorise.ts';
import { Changes } from './service/changes.ts';
import { implementations } from './service/implementations.ts';
import { openStore, tablesOf } from './store/store.ts';

const us = (ms: number): bigint => BigInt(Math.round(ms * 1_000));

export async function build(scope: Scope<RegistryConfig>): Promise<void> {
  const port = await serve(scope);
  scope.log.info({ port }, 'gRPC port is open');
}

/** Wires the registry, serves it and answers the gRPC port. */
export async function serve(scope: Scope<RegistryConfig>): Promise<number> {
  const { config, log, clock, metrics } = scope;
  const database = scope.adopt(
    openDatabase({ url: config.databaseUrl, schema: 'registry', log }),
    'database',
  );
  scope.readiness('database', () => database.ready());
  await migrate(database, new URL('../migrations/', import.meta.url));

  const bus = scope.adopt(await connectEvents({ url: config.natsUrl, service: 'registry', log }), 'events');
  scope.readiness('events', () => bus.ready());
  scope.adopt(startRelay({ database, bus, log, metrics: scope.metrics }), 'outbox relay');
  scope.adopt(startReconciler({ database, bus, log }), 'outbox reconciler');
  const limits = { trainingTimeoutUs: us(config.trainingTimeoutMs) };
  const consumer = await consume({
    bus,
    database,
    log,
    metrics: scope.metrics,
    durable: 'registry-labels',
    schema: LabelsAdvancedSchema,
    subject: 'plumbline.monitor.labels-advanced',
    handle: singly(labelsAdvanced({ tablesOf, clock, limits })),
  });
  scope.adopt(consumer, 'labels consumer');

  const server = createServer({
    implementations: [
      ...implementations({
        store: openStore(database),
        objects: fileObjects(config.objectsDir),
        clock,
        rollback: { windowUs: us(config.rollbackWindowMs) },
        changes: new Changes(),
        leaseUs: us(config.replicaLeaseMs),
      }),
      deadLetterService({ database: (call) => boundedBy(database, call), consumers: [consumer] }),
    ],
    authenticate: authenticateServices(config.serviceSecret),
    interceptors: [authorise],
    log,
    metrics,
  });
  scope.adopt(server, 'gRPC server');
  scope.onDrain((graceMs) => server.drain(graceMs));
  scope.servesWhenReady(server.health);
  return server.listen(config.host, config.grpcPort);
}
