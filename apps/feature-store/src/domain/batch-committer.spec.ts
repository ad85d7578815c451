import { describe, expect, it } from '@jest/globals';
import { BatchCommitter, takeGroup, type WaitingBatch } from './batch-committer.ts';
import type { SourcePlan } from './catalogue.ts';
import { checkBatch, MAX_ROWS, type CheckedBatch } from './ingest-rows.ts';
import type { IngestStore, IngestTransaction } from './row-store.ts';

const PLAN = sourcePlan('outcomes');

function sourcePlan(name: string): SourcePlan {
  const spec = { name, columns: [] };
  return { program: { spec, admission: () => () => new Map() }, views: [] } as unknown as SourcePlan;
}

interface Settled {
  rejected?: unknown;
}

function waiting(
  batchId: string,
  { rows = 1, source = PLAN, signal = new AbortController().signal } = {},
): WaitingBatch & { settled: Settled } {
  const settled: Settled = {};
  const batch = { batchId, columns: [], rows: Array.from({ length: rows }, () => []) };
  const checked: CheckedBatch = { batch, digest: batchId, routed: [], quarantined: [], nowUs: 0 };
  return {
    ...{ source, checked, settled },
    caller: { signal, remainingMs: () => 1_000 },
    resolve: () => undefined,
    reject: (reason) => void (settled.rejected = reason),
  };
}

const idsOf = (group: readonly WaitingBatch[]) => group.map(({ checked }) => checked.batch.batchId);

describe('takeGroup', () => {
  it('takes everything that fits, in the order of arrival', () => {
    const queue = [waiting('a'), waiting('b'), waiting('c')];
    expect(idsOf(takeGroup(queue))).toEqual(['a', 'b', 'c']);
    expect(queue).toEqual([]);
  });

  it('stops before an id that it holds already', () => {
    const queue = [waiting('a'), waiting('b'), waiting('a'), waiting('c')];
    expect(idsOf(takeGroup(queue))).toEqual(['a', 'b']);
    expect(idsOf(takeGroup(queue))).toEqual(['a', 'c']);
  });

  it('stops before other definitions', () => {
    const changed = sourcePlan('outcomes');
    const queue = [waiting('a'), waiting('b', { source: changed }), waiting('c')];
    expect(idsOf(takeGroup(queue))).toEqual(['a']);
    expect(idsOf(takeGroup(queue))).toEqual(['b']);
  });

  it('stops before too many rows, but takes at least one batch', () => {
    const queue = [
      waiting('a', { rows: MAX_ROWS }),
      waiting('b', { rows: MAX_ROWS - 1 }),
      waiting('c'),
      waiting('d'),
    ];
    expect(idsOf(takeGroup(queue))).toEqual(['a']);
    expect(idsOf(takeGroup(queue))).toEqual(['b', 'c']);
    expect(idsOf(takeGroup(queue))).toEqual(['d']);
  });

  it('drops batches whose caller has gone and tells why', () => {
    const gone = AbortSignal.abort('gone');
    const left = waiting('b', { signal: gone });
    const queue = [waiting('a', { signal: gone }), left, waiting('c')];
    expect(idsOf(takeGroup(queue))).toEqual(['c']);
    expect(left.settled.rejected).toBe('gone');
  });
});

describe('BatchCommitter', () => {
  it('commits together what arrives while a commit is under way', async () => {
    const commits: (readonly string[])[] = [];
    const gate = Promise.withResolvers<void>();
    const batch = (batchId: string) => ({ batchId, columns: [], rows: [[]] });
    const { digest } = checkBatch(PLAN, batch('any'), 0);
    const transaction = {
      async claimBatches(ids: readonly string[]) {
        commits.push(ids);
        await gate.promise;
        return new Map(ids.map((batchId) => [batchId, { batchId, digest, accepted: 1, quarantined: 0 }]));
      },
    } as unknown as IngestTransaction;
    const store: IngestStore = { ingest: (_tenant, _source, work) => work(transaction) };
    const committer = new BatchCommitter(store);
    const caller = { signal: new AbortController().signal, remainingMs: () => 1_000 };
    const ingest = (batchId: string) => committer.ingest('acme', PLAN, batch(batchId), 0, caller);
    const first = ['a', 'b', 'c'].map(ingest);
    gate.resolve();
    await Promise.all([...first, ingest('d')]);
    await ingest('e');
    expect(commits).toEqual([['a'], ['b', 'c', 'd'], ['e']]);
  });
});
