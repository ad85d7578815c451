import { describe, expect, it } from '@jest/globals';
import { Code, ServiceError, type CodeName } from '@plumbline/errors';
import { BatchCommitter, groupRule, MAX_GROUP_BYTES, type PlannedBatch } from './batch-committer.ts';
import type { SourcePlan } from './catalogue.ts';
import { checkBatch, MAX_ROWS, type IngestedBatch } from './ingest-rows.ts';
import type { IngestStore, IngestTransaction } from './row-store.ts';

const PLAN = sourcePlan('outcomes');

/** No more of a plan than checking and committing a batch look at: the cast stands for the rest. */
function sourcePlan(name: string): SourcePlan {
  const spec = { name, columns: [] };
  // A plan has a dozen compiled parts more; the committer touches these alone.
  return {
    program: { spec, admission: () => () => ({ rowKey: 'key', values: [] }) },
    views: [],
  } as unknown as SourcePlan;
}

const batchOf = (batchId: string, rows = 1) => ({
  batchId,
  columns: [],
  rows: Array.from({ length: rows }, () => []),
});

function planned(batchId: string, { rows = 1, sizeBytes = 1, source = PLAN } = {}): PlannedBatch {
  const batch = batchOf(batchId, rows);
  return { source, checked: { batch, digest: batchId, sizeBytes, routed: [], quarantined: [], nowUs: 0 } };
}

/** How many of the batches go together. */
function fitting(...batches: readonly PlannedBatch[]): number {
  const fits = groupRule();
  const end = batches.findIndex((batch) => !fits(batch));
  return end < 0 ? batches.length : end;
}

describe('groupRule', () => {
  it('lets distinct batches of the same definitions go together', () => {
    expect(fitting(planned('a'), planned('b'), planned('c'))).toBe(3);
  });

  it('stops before an id that the group holds already', () => {
    expect(fitting(planned('a'), planned('b'), planned('a'))).toBe(2);
  });

  it('stops before other definitions', () => {
    expect(fitting(planned('a'), planned('b', { source: sourcePlan('outcomes') }))).toBe(1);
  });

  it('stops before too many rows or bytes', () => {
    expect(fitting(planned('a', { rows: MAX_ROWS - 1 }), planned('b'), planned('c'))).toBe(2);
    expect(fitting(planned('a', { sizeBytes: MAX_GROUP_BYTES - 1 }), planned('b'), planned('c'))).toBe(2);
  });
});

interface Rig {
  readonly committer: BatchCommitter;
  /** Ids of every commit that was tried, in order. */
  readonly commits: (readonly string[])[];
  /** Lets the first commit, which waits for it, go on. */
  open(): void;
  ingest(batchId: string, options?: IngestOptions): Promise<IngestedBatch>;
}

interface IngestOptions {
  readonly tenant?: string;
  readonly rows?: number;
  readonly signal?: AbortSignal;
}

type Limits = ConstructorParameters<typeof BatchCommitter>[1];

/** A committer over a store whose first commit waits for `open`, and which fails as `fail` says. */
function rig({ fail, limits }: { fail?: (ids: readonly string[]) => unknown; limits?: Limits } = {}): Rig {
  const commits: (readonly string[])[] = [];
  const gate = Promise.withResolvers<void>();
  const transaction = {
    async claimBatches(ids: readonly string[]) {
      commits.push(ids);
      await gate.promise;
      const error = fail?.(ids);
      if (error !== undefined) throw error as Error;
      const resultOf = (batchId: string) => ({
        batchId,
        digest: digestOf(batchId),
        accepted: 1,
        quarantined: 0,
      });
      return new Map(ids.map((batchId) => [batchId, resultOf(batchId)]));
    },
    // The cast: with every batch claimed before, a commit calls nothing else of its transaction.
  } as unknown as IngestTransaction;
  const store: IngestStore = { ingest: (_tenant, _source, work) => work(transaction) };
  const committer = new BatchCommitter(store, limits);
  const rowsOf = new Map<string, number>();
  const digestOf = (batchId: string) => checkBatch(PLAN, batchOf(batchId, rowsOf.get(batchId)), 0).digest;
  return {
    committer,
    commits,
    open: () => gate.resolve(),
    ingest(batchId, { tenant = 'acme', rows = 1, signal = new AbortController().signal } = {}) {
      rowsOf.set(batchId, rows);
      const caller = { signal, remainingMs: () => 1_000 };
      return committer.ingest(tenant, PLAN, batchOf(batchId, rows), 0, caller);
    },
  };
}

const failure = (code: CodeName, reason = `THE_${code}`) => new ServiceError(Code[code], reason, 'no');

/** Reasons by id; empty for what was committed. */
async function outcomes(ingesting: Readonly<Record<string, Promise<unknown>>>): Promise<object> {
  const settled = await Promise.all(
    Object.entries(ingesting).map(([id, promise]) =>
      promise.then(
        () => [id, ''],
        (error: { reason?: string; message: string }) => [id, error.reason ?? error.message],
      ),
    ),
  );
  return Object.fromEntries(settled) as object;
}

describe('BatchCommitter', () => {
  it('commits together what arrives while a commit is under way', async () => {
    const { ingest, commits, open } = rig();
    const first = ['a', 'b', 'c'].map((id) => ingest(id));
    open();
    await Promise.all([...first, ingest('d')]);
    await ingest('e');
    expect(commits).toEqual([['a'], ['b', 'c', 'd'], ['e']]);
  });

  it.each<CodeName>(['INVALID_ARGUMENT', 'FAILED_PRECONDITION', 'ALREADY_EXISTS', 'ABORTED'])(
    'lets only the batch that is refused with %s hear of it',
    async (code) => {
      const { ingest, open } = rig({ fail: (ids) => (ids.includes('c') ? failure(code) : undefined) });
      const ingesting = { a: ingest('a'), b: ingest('b'), c: ingest('c'), d: ingest('d'), e: ingest('e') };
      open();
      expect(await outcomes(ingesting)).toEqual({ a: '', b: '', c: `THE_${code}`, d: '', e: '' });
    },
  );

  it.each<[string, unknown, string]>([
    ['an outage', failure('UNAVAILABLE'), 'THE_UNAVAILABLE'],
    ['a deadline', failure('DEADLINE_EXCEEDED'), 'THE_DEADLINE_EXCEEDED'],
    ['stale definitions', failure('ABORTED', 'CATALOGUE_STALE'), 'CATALOGUE_STALE'],
    ['an unknown error', new Error('disk on fire'), 'disk on fire'],
  ])('tells %s to the whole group without another attempt', async (_, error, heard) => {
    const { ingest, commits, open } = rig({ fail: (ids) => (ids.length > 1 ? error : undefined) });
    const ingesting = { a: ingest('a'), b: ingest('b'), c: ingest('c'), d: ingest('d') };
    open();
    expect(await outcomes(ingesting)).toEqual({ a: '', b: heard, c: heard, d: heard });
    expect(commits).toEqual([['a'], ['b', 'c', 'd']]);
  });

  it('lets a batch go at once when its caller leaves, before the commit under way ends', async () => {
    const { ingest, commits, open } = rig();
    const leaving = new AbortController();
    const first = ingest('a');
    const left = ingest('b', { signal: leaving.signal });
    const last = ingest('c');
    leaving.abort(new Error('gone'));
    await expect(left).rejects.toThrow('gone');
    open();
    await Promise.all([first, last]);
    expect(commits).toEqual([['a'], ['c']]);
  });

  it('drops a batch whose caller leaves while its group is being split', async () => {
    const leaving = new AbortController();
    const { ingest, commits, open } = rig({
      fail(ids) {
        if (ids.length < 2) return undefined;
        leaving.abort(new Error('gone'));
        return failure('INVALID_ARGUMENT');
      },
    });
    const ingesting = { a: ingest('a'), b: ingest('b'), c: ingest('c', { signal: leaving.signal }) };
    open();
    expect(await outcomes(ingesting)).toEqual({ a: '', b: '', c: 'gone' });
    expect(commits).toEqual([['a'], ['b', 'c'], ['b']]);
  });

  const limits = { total: { rows: 10, bytes: 1_000 }, perTenant: { rows: 6, bytes: 600 } };
  const refusal = { reason: 'INGEST_OVERLOADED', codeName: 'RESOURCE_EXHAUSTED', retryAfterMs: 250 };

  it('refuses what finds no room among the rows that wait, and takes it once there is', async () => {
    const { ingest, open } = rig({ limits });
    const held = [ingest('a', { rows: 3 }), ingest('b', { rows: 3 })];
    await expect(ingest('c')).rejects.toMatchObject(refusal);
    const other = ingest('d', { tenant: 'other', rows: 4 });
    await expect(ingest('e', { tenant: 'third' })).rejects.toMatchObject(refusal);
    open();
    await Promise.all([...held, other]);
    expect(await ingest('c')).toMatchObject({ accepted: 1 });
  });

  it('refuses what finds no room among the bytes that wait', async () => {
    const { ingest, open } = rig({ limits: { total: limits.total, perTenant: { rows: 100, bytes: 12 } } });
    const held = ingest('a', { rows: 2 });
    await expect(ingest('b', { rows: 2 })).rejects.toMatchObject(refusal);
    open();
    await held;
  });

  it('gives the room of a caller who leaves to the next', async () => {
    const { ingest, open } = rig({ limits });
    const leaving = new AbortController();
    const first = ingest('a');
    const left = ingest('b', { rows: 5, signal: leaving.signal });
    leaving.abort(new Error('gone'));
    await expect(left).rejects.toThrow('gone');
    const next = ingest('c', { rows: 5 });
    open();
    await Promise.all([first, next]);
  });
});
