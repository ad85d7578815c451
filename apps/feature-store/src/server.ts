import { delimiter } from 'node:path';
import { DefinitionsAppliedSchema } from '@plumbline/contract-events';
import { FeatureStoreService } from '@plumbline/contract-features';
import { connectEvents, eventOf, startReconciler, startRelay } from '@plumbline/events';
import { fileObjects } from '@plumbline/objects';
import { authenticateServices, createServer, implement } from '@plumbline/rpc';
import type { Scope } from '@plumbline/service';
import { migrate, openDatabase, type Database } from '@plumbline/sql';
import type { FeatureStoreConfig } from './config.ts';
import { BatchCommitter } from './domain/batch-committer.ts';
import { Catalogues } from './domain/catalogues.ts';
import { JobRunner } from './jobs/job-runner.ts';
import { handleApplyDefinitions } from './service/apply-definitions.ts';
import { handleBuildTrainingSet } from './service/build-training-set.ts';
import { definitionsToMessage } from './service/definitions-to-message.ts';
import { handleGetDefinitions } from './service/get-definitions.ts';
import { handleGetOnlineFeatures } from './service/get-online-features.ts';
import { handleIngestFile } from './service/ingest-file.ts';
import { handleIngestRows, handleIngestStream } from './service/ingest-rows.ts';
import { handleListQuarantine } from './service/list-quarantine.ts';
import { handleRecomputeFeatures } from './service/recompute-features.ts';
import { currentRevision, definitionStore, type AnnounceRevision } from './store/definition-store.ts';
import { sharedDuck } from './store/duckdb.ts';
import { ingestStore } from './store/ingest-store.ts';
import { OnlineReads } from './store/online-reads.ts';
import { CommitSurvey } from './store/commit-survey.ts';
import { quarantineStore } from './store/quarantine-store.ts';
import { findSealed } from './store/sealed-rows.ts';

type FeatureStoreScope = Scope<FeatureStoreConfig>;

const SCHEMA = 'feature_store';
const MIB = 1024 * 1024;
const BATCH_LIMITS = { maxMessageBytes: 16 * MIB, maxElements: 1_000_000 };

/** Wires a feature store: database and events, catalogues, stores, the runner of offline jobs, its server. */
export async function build(scope: FeatureStoreScope): Promise<number> {
  const { config, log } = scope;
  const database = scope.adopt(
    openDatabase({ url: config.databaseUrl, schema: SCHEMA, poolSize: config.databasePoolSize, log }),
    'database',
  );
  scope.readiness('database', () => database.ready());
  await migrate(database, new URL('../migrations/', import.meta.url));
  const bus = scope.adopt(
    await connectEvents({ url: config.natsUrl, service: 'feature-store', log }),
    'events',
  );
  scope.adopt(startRelay({ database, bus, log, metrics: scope.metrics }), 'outbox relay');
  scope.adopt(startReconciler({ database, bus, log }), 'outbox reconciler');
  return serve(scope, database);
}

async function serve(scope: FeatureStoreScope, database: Database): Promise<number> {
  const { config, log, clock } = scope;
  const definitions = definitionStore(
    database,
    announceRevision(() => clock.nowUs()),
  );
  const catalogues = new Catalogues(
    {
      currentRevision: (tenant) => currentRevision(database, tenant),
      current: (tenant) => definitions.current(tenant),
    },
    () => performance.now(),
  );
  const duck = scope.adopt(sharedDuck({ memoryLimitMb: 128, threads: 1 }), 'DuckDB');
  const survey = new CommitSurvey(
    findSealed(() => duck.get(), fileObjects(config.objectsDir)),
    config.filterCacheMib * MIB,
  );
  const rows = ingestStore({ database, survey, clock, timeoutMs: config.commitTimeoutMs });
  const online = new OnlineReads(database, config.readTimeoutMs);
  const jobs = scope.adopt(jobRunner(config), 'offline jobs');
  const quarantine = quarantineStore(database);
  const { partitionRows } = config;
  const ingesting = { catalogues, committer: new BatchCommitter(rows), clock };
  const server = scope.adopt(
    createServer({
      implementations: [
        implement(FeatureStoreService, {
          applyDefinitions: (request, context) =>
            handleApplyDefinitions({ definitions, catalogues }, request, context),
          getDefinitions: (_, context) => handleGetDefinitions(definitions, context),
          ingestFile: (request, context) =>
            handleIngestFile({ catalogues, jobs, partitionRows }, request, context),
          ingestRows: (request, context) => handleIngestRows(ingesting, request, context),
          ingestStream: (requests, context) => handleIngestStream(ingesting, requests, context),
          getOnlineFeatures: (request, context) =>
            handleGetOnlineFeatures({ catalogues, online, clock }, request, context),
          buildTrainingSet: (request, context) => handleBuildTrainingSet(jobs, request, context),
          recomputeFeatures: (request, context) =>
            handleRecomputeFeatures({ catalogues, jobs }, request, context),
          listQuarantine: (request, context) =>
            handleListQuarantine({ catalogues, quarantine }, request, context),
        }),
      ],
      authenticate: authenticateServices(config.serviceSecret),
      log,
      metrics: scope.metrics,
      limits: {
        perMethod: Object.fromEntries(
          ['IngestRows', 'IngestStream', 'RecomputeFeatures'].map((method) => [
            `${FeatureStoreService.typeName}/${method}`,
            BATCH_LIMITS,
          ]),
        ),
      },
    }),
    'gRPC server',
  );
  scope.onDrain((graceMs) => server.drain(graceMs));
  scope.servesWhenReady(server.health);
  const bound = await server.listen(config.host, config.grpcPort);
  log.info({ port: bound }, 'gRPC port is open');
  return bound;
}

function jobRunner(config: FeatureStoreConfig): JobRunner {
  return new JobRunner({
    maxJobs: config.maxJobs,
    heapMib: Math.floor(config.jobMemoryMib / 2),
    settings: {
      databaseUrl: config.databaseUrl,
      objectsDir: config.objectsDir,
      dataDirectories: config.dataDirectories.split(delimiter).filter((directory) => directory !== ''),
      duckMemoryMb: Math.floor(config.jobMemoryMib / 4),
      filterCacheMib: Math.floor(config.jobMemoryMib / 8),
      threads: config.jobThreads,
    },
  });
}

function announceRevision(nowUs: () => bigint): AnnounceRevision {
  return (tenant, revision, definitions) =>
    eventOf(
      DefinitionsAppliedSchema,
      { revision: BigInt(revision), definitions: definitionsToMessage(definitions, () => 0) },
      { subject: 'plumbline.features.definitions-applied', tenant, nowUs: nowUs() },
    );
}
