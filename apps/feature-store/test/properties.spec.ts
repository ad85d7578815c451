import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Value } from '@plumbline/expressions';
import { fileObjects, type ObjectStore } from '@plumbline/objects';
import { systemClock } from '@plumbline/service';
import { migrate, openDatabase, type Database } from '@plumbline/sql';
import { silentLog, temporaryDirectory, testDatabase, type TestDatabase } from '@plumbline/testing';
import fc from 'fast-check';
import { applyDefinitions } from '../src/domain/apply-definitions.ts';
import { Catalogue } from '../src/domain/catalogue.ts';
import type { HistoryStore } from '../src/domain/history-store.ts';
import { checkBatch, commitBatches } from '../src/domain/ingest-rows.ts';
import { readOnlineFeatures, type FeatureVector } from '../src/domain/online-features.ts';
import { recomputeFeatures } from '../src/domain/recompute.ts';
import type { IngestStore } from '../src/domain/row-store.ts';
import { buildTrainingSet, type DatasetColumn } from '../src/domain/training-set.ts';
import { definitionStore } from '../src/store/definition-store.ts';
import { openDuck, type Duck } from '../src/store/duckdb.ts';
import { historyStore } from '../src/store/history-store.ts';
import { ingestStore } from '../src/store/ingest-store.ts';
import { OnlineReads } from '../src/store/online-reads.ts';
import { CommitSurvey } from '../src/store/commit-survey.ts';
import { findSealed } from '../src/store/sealed-rows.ts';
import { NAMES, ORACLE_DEFINITIONS, oracleFeatures, type OracleRow } from './oracle.ts';

let testing: TestDatabase;
let database: Database;
let objects: ObjectStore;
let duck: Duck;
let rowStore: IngestStore;
let history: HistoryStore;
let online: OnlineReads;

beforeAll(async () => {
  testing = await testDatabase('feature-store');
  database = openDatabase({ url: testing.url, schema: testing.schema, log: silentLog });
  await migrate(database, new URL('../migrations/', import.meta.url));
  objects = fileObjects(await temporaryDirectory());
  duck = await openDuck({ memoryLimitMb: 128, threads: 1 });
  const survey = new CommitSurvey(
    findSealed(() => Promise.resolve(duck), objects),
    FILTER_CACHE_BYTES,
  );
  rowStore = ingestStore({ database, survey, clock: systemClock, timeoutMs: 10_000 });
  history = historyStore(database, duck, objects);
  online = new OnlineReads(database, 5_000);
});
afterAll(async () => {
  await duck?.close();
  await database?.close();
  await testing?.close();
});

const FILTER_CACHE_BYTES = 1_000_000;
const CALLER = { signal: new AbortController().signal, remainingMs: () => 20_000 };
const MINUTE = 60_000_000;
const START = 1_000_000 * 60 * MINUTE;
const ENTITIES = ['a', 'b'];

const instant = fc.integer({ min: 0, max: 50 * 60 }).map((minute) => START + minute * MINUTE);
const rows = fc.array(
  fc.record({
    id: fc.integer({ min: 0, max: 14 }),
    event: instant,
    delay: fc.oneof(fc.constant(0), fc.integer({ min: -100, max: 1_500 })),
    amount: fc.option(fc.integer({ min: -40, max: 40 }), { nil: null }),
    label: fc.option(fc.constantFrom('x', 'y'), { nil: null }),
  }),
  { minLength: 1, maxLength: 40 },
);
type Draft = Omit<OracleRow, 'entity' | 'known' | 'sequence'> & { readonly delay: number };

/** Rows in ingest order; a row key belongs to one entity, and exact repetitions are dropped as the store drops them. */
function toRows(drafts: readonly Draft[]): OracleRow[] {
  const seen = new Set<string>();
  return drafts.flatMap(({ delay, ...draft }, sequence) => {
    const row = { ...draft, entity: ENTITIES[draft.id % 2]!, known: draft.event + delay * MINUTE };
    const content = JSON.stringify(row);
    return seen.has(content) ? [] : (seen.add(content), [{ ...row, sequence }]);
  });
}

async function freshTenant(): Promise<{ tenant: string; catalogue: Catalogue }> {
  const tenant = randomUUID();
  const store = definitionStore(database, (of, revision) => ({
    id: randomUUID(),
    subject: 'plumbline.features.definitions-applied',
    tenant: of,
    type: 'test',
    payload: Buffer.from(String(revision)),
    occurredAtUs: 0n,
  }));
  const request = { definitions: ORACLE_DEFINITIONS, expectedRevision: 0, dryRun: false, actor: 'test' };
  await applyDefinitions(store, tenant, request);
  return { tenant, catalogue: new Catalogue((await store.current(tenant))!) };
}

async function ingest(tenant: string, catalogue: Catalogue, batch: readonly Draft[]): Promise<void> {
  if (batch.length === 0) return;
  const cells = batch.map(({ id, event, delay, amount, label }) => [
    { type: 'INT64' as const, value: id },
    { type: 'STRING' as const, value: ENTITIES[id % 2]! },
    { type: 'TIMESTAMP' as const, value: event },
    { type: 'TIMESTAMP' as const, value: event + delay * MINUTE },
    amount === null ? null : { type: 'INT64' as const, value: amount },
    label === null ? null : { type: 'STRING' as const, value: label },
  ]);
  const columns = ['id', 'entity', 'event', 'known', 'amount', 'label'];
  const source = catalogue.source('payments');
  // What is committed together may hold several versions of a row, in one batch or in several.
  const middle = Math.ceil(cells.length / 2);
  const halves = [cells.slice(0, middle), cells.slice(middle)].filter(({ length }) => length > 0);
  const nowUs = Number(systemClock.nowUs());
  const checked = halves.map((rows) => checkBatch(source, { batchId: randomUUID(), columns, rows }, nowUs));
  const results = await commitBatches(rowStore, tenant, source, checked);
  expect(results).toEqual(
    halves.map(({ length }) => ({ accepted: length, quarantined: 0, alreadyApplied: false })),
  );
}

const requestFor = (entity: string, at: number) => ({
  keys: { entity: { type: 'STRING' as const, value: entity } },
  requestValues: {},
  at,
});

function read(
  tenant: string,
  catalogue: Catalogue,
  asked: readonly [string, number][],
): Promise<FeatureVector[]> {
  const requests = asked.map(([entity, at]) => requestFor(entity, at));
  return readOnlineFeatures(online, tenant, catalogue.service('risk', 0), requests, CALLER);
}

/** Values that a model would see: NULL unless PRESENT. */
const served = (vector: FeatureVector): Record<string, Value> =>
  Object.fromEntries(
    NAMES.map((name, index) => {
      const { value, status } = vector.values[index]!;
      return [name, status === 'PRESENT' ? value : null];
    }),
  );

/** Builds the training set and gives its rows as (row key, instant, features). */
async function trainingRows(tenant: string, catalogue: Catalogue, knownBy: number) {
  let columns: readonly DatasetColumn[] = [];
  let rowCount = 0;
  const datasets = {
    write: async (written: readonly DatasetColumn[], count: number) => {
      [columns, rowCount] = [written, count];
      return { digest: 'sha256:0', sizeBytes: 0 };
    },
  };
  const spine = { instant: 'event', label: 'coalesce(amount, 0)', from: 0, to: 4e15, requestValues: {} };
  const request = {
    tenant,
    featureService: 'risk',
    featureServiceVersion: 0,
    spineSource: 'payments',
    spine,
  };
  const all = { ...request, knownBy, watermark: 0 };
  for await (const _ of buildTrainingSet({ history, datasets }, catalogue, all));
  return Array.from({ length: rowCount }, (_, row) => {
    const values = Object.fromEntries(columns.map((column) => [column.name, column.value(row)]));
    const features = Object.fromEntries(NAMES.map((name) => [name, values[`spending:${name}`]!]));
    return {
      id: values['row_key'] as number,
      at: values['instant_us'] as number,
      label: values['label'],
      features,
    };
  });
}

describe('for random histories with late, repeated, corrected and tied rows', () => {
  it('online reads equal the oracle, at any instant and after any batch', async () => {
    await fc.assert(
      fc.asyncProperty(
        rows,
        fc.integer({ min: 1, max: 4 }),
        fc.array(instant, { minLength: 2, maxLength: 5 }),
        async (drafts, batches, instants) => {
          const { tenant, catalogue } = await freshTenant();
          const size = Math.ceil(drafts.length / batches);
          const asked = ENTITIES.flatMap((entity) => instants.map((at): [string, number] => [entity, at]));
          for (let first = 0; first < drafts.length; first += size) {
            await ingest(tenant, catalogue, drafts.slice(first, first + size));
            const known = toRows(drafts.slice(0, first + size));
            const vectors = await read(tenant, catalogue, asked);
            expect(vectors.map(served)).toEqual(
              asked.map(([entity, at]) => oracleFeatures(known, entity, at)),
            );
          }
        },
      ),
      { numRuns: 40 },
    );
  });

  it('served vectors are recomputed from history to the same bits, whatever came later', async () => {
    await fc.assert(
      fc.asyncProperty(
        rows,
        rows,
        fc.array(instant, { minLength: 2, maxLength: 5 }),
        async (before, after, instants) => {
          const { tenant, catalogue } = await freshTenant();
          const plan = catalogue.service('risk', 0);
          await ingest(tenant, catalogue, before);
          const asked = ENTITIES.flatMap((entity) => instants.map((at): [string, number] => [entity, at]));
          const vectors = await read(tenant, catalogue, asked);
          await ingest(tenant, catalogue, after);
          const recorded = vectors.map(({ views }, index) => ({
            request: requestFor(...asked[index]!),
            sequences: Object.fromEntries(views.map(({ view, sequence }) => [view, sequence])),
          }));
          expect(await recomputeFeatures(history, catalogue, tenant, plan, recorded)).toEqual(vectors);
        },
      ),
      { numRuns: 30 },
    );
  });

  it('training sets equal the oracle, row by row at its own instant', async () => {
    await fc.assert(
      fc.asyncProperty(rows, async (drafts) => {
        const { tenant, catalogue } = await freshTenant();
        await ingest(tenant, catalogue, drafts);
        const known = toRows(drafts);
        for (const { id, at, features } of await trainingRows(tenant, catalogue, 0)) {
          expect(features).toEqual(oracleFeatures(known, ENTITIES[id % 2]!, at));
        }
      }),
      { numRuns: 30 },
    );
  });

  it('neither a feature nor a label peeks past its known-at instant', async () => {
    await fc.assert(
      fc.asyncProperty(rows, instant, async (drafts, cut) => {
        const [whole, past] = [await freshTenant(), await freshTenant()];
        await ingest(whole.tenant, whole.catalogue, drafts);
        await ingest(
          past.tenant,
          past.catalogue,
          drafts.filter(({ event, delay }) => event + delay * MINUTE <= cut),
        );
        const ofWhole = await trainingRows(whole.tenant, whole.catalogue, cut);
        expect(ofWhole).toEqual(await trainingRows(past.tenant, past.catalogue, 0));
      }),
      { numRuns: 20 },
    );
  });
});
