import { ServiceError } from '@plumbline/errors';
import { fileObjects } from '@plumbline/objects';
import { createLog, systemClock, type Log } from '@plumbline/service';
import { openDatabase, type Database } from '@plumbline/sql';
import { Catalogue, FIRST_REVISION } from '../domain/catalogue.ts';
import { ingestFile } from '../domain/ingest-file.ts';
import { recomputeFeatures } from '../domain/recompute.ts';
import { buildTrainingSet } from '../domain/training-set.ts';
import { datasetStore } from '../store/dataset-store.ts';
import { readRevision } from '../store/definition-store.ts';
import { openDuck, type Duck } from '../store/duckdb.ts';
import { historyStore } from '../store/history-store.ts';
import { ingestStore } from '../store/ingest-store.ts';
import { ledgerStore } from '../store/ledger.ts';
import { parquetFiles } from '../store/parquet-file.ts';
import { CommitSurvey } from '../store/commit-survey.ts';
import { findSealed, sealStore } from '../store/sealed-rows.ts';
import type { FromJob, JobKind, JobReport, JobSettings, ToJob } from './job-messages.ts';

/** Longest transaction of a partition. */
const PARTITION_TIMEOUT_MS = 120_000;

/**
 * The process of one offline job: takes its task over IPC, reports, and ends. It may be killed at any time: what it
 * committed stands, and the same request continues from there.
 */
process.once('message', (message: ToJob) => void work(message));
process.once('disconnect', () => process.exit(1));

async function work(message: ToJob): Promise<void> {
  const log = createLog({ service: 'feature-store-job', level: 'warn' });
  const { settings } = message;
  const database = openDatabase({ url: settings.databaseUrl, schema: 'feature_store', poolSize: 2, log });
  try {
    const duck = await openDuck({ memoryLimitMb: settings.duckMemoryMb, threads: settings.threads });
    try {
      for await (const report of run(message, { database, duck, log, settings }))
        await tell({ kind: 'report', report });
    } finally {
      await duck.close();
    }
    await tell({ kind: 'done' });
  } catch (error) {
    await tell(failureOf(error));
  } finally {
    await database.close();
    process.disconnect();
  }
}

interface Resources {
  readonly database: Database;
  readonly duck: Duck;
  readonly log: Log;
  readonly settings: JobSettings;
}

async function* run(message: ToJob, resources: Resources): AsyncGenerator<JobReport<JobKind>> {
  const { database, duck, settings } = resources;
  const objects = fileObjects(settings.objectsDir);
  const history = historyStore(database, duck, objects);
  switch (message.kind) {
    case 'ingest-file': {
      const { source, load } = message.request;
      const catalogue = await catalogueOf(database, load.tenant);
      const stores = {
        files: parquetFiles(duck, settings.dataDirectories),
        ledger: ledgerStore(database),
        seals: sealStore(duck, objects),
        rows: ingestStore({
          database,
          survey: new CommitSurvey(
            findSealed(() => Promise.resolve(duck), objects),
            settings.filterCacheMib * 1024 * 1024,
          ),
          clock: systemClock,
          timeoutMs: PARTITION_TIMEOUT_MS,
        }),
      };
      yield* ingestFile(stores, catalogue.source(source), load, () => Number(systemClock.nowUs()));
      return;
    }
    case 'training-set': {
      const catalogue = await catalogueOf(database, message.request.tenant);
      yield* buildTrainingSet({ history, datasets: datasetStore(duck, objects) }, catalogue, message.request);
      return;
    }
    case 'recompute': {
      const { tenant, featureService, featureServiceVersion, vectors } = message.request;
      const catalogue = await catalogueOf(database, tenant);
      const plan = catalogue.service(featureService, featureServiceVersion);
      const recomputed = await recomputeFeatures(history, catalogue, tenant, plan, vectors);
      yield { features: plan.features.map(({ name }) => name), vectors: recomputed };
      return;
    }
  }
}

async function catalogueOf(database: Database, tenant: string): Promise<Catalogue> {
  return new Catalogue((await readRevision(database, tenant)) ?? FIRST_REVISION);
}

/** Resolves when the parent has it, so that the process does not end before its last word is out. */
function tell(message: FromJob): Promise<void> {
  return new Promise((resolve, reject) => {
    process.send!(message, (error: Error | null) => (error === null ? resolve() : reject(error)));
  });
}

function failureOf(error: unknown): FromJob {
  if (!(error instanceof ServiceError)) {
    return { kind: 'broken', stack: error instanceof Error ? (error.stack ?? error.message) : String(error) };
  }
  const { code, reason, domain, message, metadata, fieldViolations } = error;
  return { kind: 'failed', failure: { code, reason, domain, message, metadata, fieldViolations } };
}
