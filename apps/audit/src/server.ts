import { AuditService } from '@plumbline/contract-audit';
import { DecisionRecordedSchema } from '@plumbline/contract-events';
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
import {
  authenticateServices,
  createServer,
  implement,
  implementRaw,
  type CallContext,
} from '@plumbline/rpc';
import type { Scope } from '@plumbline/service';
import { boundedBy, migrate, openDatabase, type Database, type Transaction } from '@plumbline/sql';
import { readCommitment } from './codec/commitment.ts';
import { type AuditConfig } from './config.ts';
import { appendBatch } from './domain/append-batch.ts';
import { createAppender, type Appender } from './domain/appender.ts';
import { createGaps } from './domain/gaps.ts';
import { createIntegration } from './domain/integrate.ts';
import { startIntegrator } from './domain/integrator.ts';
import { type AppendOutcome } from './domain/plan-append.ts';
import { createProver } from './domain/prove.ts';
import { createPublication, type Publication } from './domain/publication.ts';
import { type Submission } from './domain/record.ts';
import { createRecords } from './domain/records.ts';
import { DECISION_SUBJECTS, decisionRecorded } from './events/decision-recorded.ts';
import { commitSizes, exposeLog } from './metrics.ts';
import { append } from './service/append.ts';
import { countRecords } from './service/count-records.ts';
import { getCheckpoint } from './service/get-checkpoint.ts';
import { getConsistencyProof } from './service/get-consistency-proof.ts';
import { getInclusionProof } from './service/get-inclusion-proof.ts';
import { getRecord } from './service/get-record.ts';
import { listGaps } from './service/list-gaps.ts';
import { listRecords } from './service/list-records.ts';
import { committedSize, createLogStore } from './store/log-store.ts';
import { logTables } from './store/log-tables.ts';
import { createRecordStore } from './store/record-store.ts';
import { readGaps } from './store/sequence-rows.ts';
import { openSigningKey } from './store/signing-key.ts';
import { createIntegrationStore, createTreeStore, openTree, readPublishedTree } from './store/tree-store.ts';

const SCHEMA = 'audit';
/** Leaves that one transaction of the integrator moves into the tree. */
const INTEGRATION_LEAVES = 16_384;
/** One for the commit that runs, one for the next while a broken one is given up. */
const COMMIT_CONNECTIONS = 2;

type AuditScope = Scope<AuditConfig>;

/** Wires audit: database and log first, then what publishes it, then what serves it. */
export async function build(scope: AuditScope): Promise<void> {
  const { config, log, clock } = scope;
  const database = scope.adopt(
    openDatabase({ url: config.databaseUrl, schema: SCHEMA, poolSize: config.databasePoolSize, log }),
    'database',
  );
  scope.readiness('database', () => database.ready());
  await migrate(database, new URL('../migrations/', import.meta.url));
  const signer = await openSigningKey(config.keyDirectory, config.logOrigin);
  await openTree(database, signer, clock.nowUs());

  const bus = scope.adopt(await connectEvents({ url: config.natsUrl, service: 'audit', log }), 'events');
  scope.adopt(startRelay({ database, bus, log, metrics: scope.metrics }), 'outbox relay');
  scope.adopt(startReconciler({ database, bus, log }), 'outbox reconciler');

  const publication = createPublication(() => readPublishedTree(database));
  scope.adopt(
    startIntegrator({
      step: createIntegration({
        store: createIntegrationStore(database),
        signer,
        clock,
        maxLeaves: INTEGRATION_LEAVES,
      }),
      published: (tree) => publication.announce(tree),
      intervalMs: config.checkpointIntervalMs,
      failed: (error) => log.warn({ error }, 'the tree could not grow; trying again'),
    }),
    'integrator',
  );
  const consumers = await consumeDecisions(scope, database, bus);
  const appender = createAppender({
    store: createLogStore(openCommits(scope)),
    clock,
    read: readCommitment,
    maxBatch: config.maxBatch,
    maxWaiting: config.maxWaiting,
    commitTimeoutMs: config.commitTimeoutMs,
    committed: commitSizes(scope.metrics),
  });
  await serve(scope, { database, appender, publication, verifierKey: signer.verifier.text, consumers });
}

/**
 * Commits have connections of their own: reads cannot keep them waiting. The relay is not told of their events and finds
 * them by its own clock, many commits at a time.
 */
function openCommits(scope: AuditScope): Database {
  const { config, log } = scope;
  return scope.adopt(
    openDatabase({ url: config.databaseUrl, schema: SCHEMA, poolSize: COMMIT_CONNECTIONS, log }),
    'commits',
  );
}

async function consumeDecisions(scope: AuditScope, database: Database, bus: EventBus): Promise<Consumer[]> {
  const { log, clock, metrics } = scope;
  const appendWithin = async (tx: Transaction, submission: Submission): Promise<AppendOutcome> => {
    const [outcome] = await appendBatch(logTables(tx), [submission], clock, readCommitment);
    if (!outcome) throw new Error('a decision was appended without an outcome');
    return outcome;
  };
  const handle = decisionRecorded(appendWithin);
  const consumers: Consumer[] = [];
  for (const { durable, subject } of DECISION_SUBJECTS) {
    const consumer = await consume({
      bus,
      database,
      log,
      metrics,
      durable,
      subject,
      schema: DecisionRecordedSchema,
      handle: singly(handle),
    });
    consumers.push(scope.adopt(consumer, durable));
  }
  return consumers;
}

interface Served {
  readonly database: Database;
  readonly appender: Appender;
  readonly publication: Publication;
  readonly verifierKey: string;
  readonly consumers: readonly Consumer[];
}

async function serve(
  scope: AuditScope,
  { database, appender, publication, verifierKey, consumers }: Served,
): Promise<void> {
  const { config, log, clock } = scope;
  const recordsFor = (call: CallContext) =>
    createRecords(createRecordStore(boundedBy(database, call)), readCommitment);
  const proverFor = (call: CallContext) =>
    createProver({
      store: createTreeStore(boundedBy(database, call)),
      publication,
      committedSize: () => committedSize(boundedBy(database, call)),
    });
  const gaps = createGaps(() => readGaps(database), clock);
  const unprovenLeaves = async () => (await committedSize(database)) - (await publication.latest()).size;
  exposeLog(scope.metrics, { appender, gaps, unprovenLeaves });
  const server = scope.adopt(
    createServer({
      implementations: [
        implementRaw(AuditService, { Append: append(appender, recordsFor) }),
        implement(AuditService, {
          getRecord: getRecord(recordsFor),
          listRecords: listRecords(recordsFor),
          countRecords: countRecords(recordsFor, publication),
          getCheckpoint: getCheckpoint(publication, verifierKey),
          getInclusionProof: getInclusionProof(recordsFor, proverFor),
          getConsistencyProof: getConsistencyProof(proverFor),
          listGaps: listGaps(gaps),
        }),
        deadLetterService({ database: (call) => boundedBy(database, call), consumers }),
      ],
      authenticate: authenticateServices(config.serviceSecret),
      log,
      metrics: scope.metrics,
    }),
    'rpc server',
  );
  scope.onDrain(async (graceMs) => {
    await server.drain(graceMs);
    await appender.idle();
  });
  scope.servesWhenReady(server.health);
  const port = await server.listen(config.host, config.grpcPort);
  log.info({ port }, 'audit serves');
}
