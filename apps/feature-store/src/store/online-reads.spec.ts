import { describe, expect, it } from '@jest/globals';
import type { Database, QueryOptions } from '@plumbline/sql';
import type { OnlineRef } from '../domain/online-features.ts';
import { OnlineReads } from './online-reads.ts';

const MAX_TIMEOUT_MS = 5_000;

interface Query {
  readonly keys: readonly string[];
  readonly timeoutMs: number;
  answer(): void;
}

/** Reads over a database that answers, with unseen entities, when the test says so. */
function rig(limits?: ConstructorParameters<typeof OnlineReads>[2]) {
  const queries: Query[] = [];
  // A database that answers when the test says so; reads call nothing of it but `query`, hence the cast.
  const database = {
    query: (_text: string, [, , keys]: readonly string[][], { timeoutMs }: QueryOptions) =>
      new Promise((resolve) => {
        const answer = () => resolve(keys!.map(() => ({ sequence: null })));
        queries.push({ keys: keys!, timeoutMs: timeoutMs!, answer });
      }),
  } as unknown as Database;
  const reads = new OnlineReads(database, MAX_TIMEOUT_MS, limits);
  const read = (
    keys: readonly string[],
    { tenant = 'acme', signal = new AbortController().signal, remainingMs = 1_000 } = {},
  ) => reads.read(tenant, keys.map(refOf), { signal, remainingMs: () => remainingMs });
  return { queries, read };
}

const refOf = (key: string): OnlineRef => ({ viewId: 1, key, firstTile: 0, lastTile: -1 });
const turn = () => new Promise((resolve) => setImmediate(resolve));

/** Fills both queries that may be in flight. */
async function occupy({ read }: ReturnType<typeof rig>): Promise<Promise<unknown>[]> {
  const first = read(['first']);
  await turn();
  const second = read(['second']);
  await turn();
  return [first, second];
}

describe('OnlineReads', () => {
  it('answers all calls that wait at the same time with one query', async () => {
    const { queries, read } = rig();
    const reading = [read(['a', 'b']), read(['c'], { tenant: 'other' })];
    await turn();
    expect(queries.map(({ keys }) => keys)).toEqual([['a', 'b', 'c']]);
    queries[0]!.answer();
    expect(await Promise.all(reading)).toEqual([[undefined, undefined], [undefined]]);
  });

  it.each([
    ['the most patient caller', [300, 2_000], 1_900],
    ['the longest query allowed', [60_000, 300], MAX_TIMEOUT_MS],
  ])('bounds a query by %s', async (_, [one, other], timeoutMs) => {
    const { queries, read } = rig();
    void read(['a'], { remainingMs: one });
    void read(['b'], { remainingMs: other });
    await turn();
    expect(queries.map((query) => query.timeoutMs)).toEqual([timeoutMs]);
  });

  it('drops a call whose caller leaves while it waits, at once', async () => {
    const running = rig();
    const { queries, read } = running;
    const occupied = await occupy(running);
    const leaving = new AbortController();
    const left = read(['a'], { signal: leaving.signal });
    const waiting = read(['b']);
    leaving.abort(new Error('gone'));
    await expect(left).rejects.toThrow('gone');
    for (const { answer } of queries) answer();
    await Promise.all(occupied);
    await turn();
    expect(queries.map(({ keys }) => keys)).toEqual([['first'], ['second'], ['b']]);
    queries[2]!.answer();
    await waiting;
  });

  it('asks nothing when all callers left before their turn', async () => {
    const { queries, read } = rig();
    const leaving = new AbortController();
    const left = read(['a'], { signal: leaving.signal });
    leaving.abort(new Error('gone'));
    await expect(left).rejects.toThrow('gone');
    await turn();
    expect(queries).toEqual([]);
    void read(['b']);
    await turn();
    expect(queries).toHaveLength(1);
  });

  it('refuses what finds no room, and takes it once there is', async () => {
    const { queries, read } = rig({ total: { entities: 6 }, perTenant: { entities: 4 } });
    const refusal = { reason: 'READS_OVERLOADED', codeName: 'RESOURCE_EXHAUSTED', retryAfterMs: 100 };
    const held = [read(['a', 'b', 'c']), read(['d', 'e'], { tenant: 'other' })];
    await expect(read(['f', 'g'])).rejects.toMatchObject(refusal);
    await expect(read(['f', 'g'], { tenant: 'other' })).rejects.toMatchObject(refusal);
    await turn();
    queries[0]!.answer();
    await Promise.all(held);
    const next = read(['f', 'g']);
    await turn();
    queries[1]!.answer();
    expect(await next).toHaveLength(2);
  });
});
