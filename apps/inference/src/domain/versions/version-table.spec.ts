import { describe, expect, it } from '@jest/globals';
import { batcherOptions } from '../../../test/batcher-options.ts';
import { FakeRunner, SUM_SIGNATURE } from '../../../test/fake-runner.ts';
import { Batcher } from '../batching/batcher.ts';
import { errors } from '../errors.ts';
import { defaultSettings } from '../settings/model-settings.ts';
import { RunnerPool } from '../batching/runner-pool.ts';
import { VersionStatistics } from '../batching/statistics.ts';
import { modelKey, type Listing, type ListedVersion } from '../traffic.ts';
import type { ServingVersion } from './find-version.ts';
import { VersionTable } from './version-table.ts';

const turn = () => new Promise((resolve) => setImmediate(resolve));
const version = (digest: string, number: number, tenant = 'acme'): ListedVersion => ({
  digest,
  files: [],
  owners: [{ tenant, model: 'flights', number }],
});
const listing = (epoch: bigint, versions: ListedVersion[], champion?: string): Listing => ({
  epoch,
  versions,
  champions: new Map(champion === undefined ? [] : [[modelKey('acme', 'flights'), champion]]),
});

function serving(digest: string): ServingVersion {
  const pool = (onFree: () => void) =>
    new RunnerPool([new FakeRunner()], {
      reopen: async () => new FakeRunner(),
      depth: 1,
      delay: turn as never,
      onFree,
      onLoss: () => undefined,
    });
  const batcher = new Batcher(batcherOptions({ maxQueuedRows: 100, nowMs: () => 0 }), pool);
  const invariance = { class: 'INVARIANT' } as const;
  return {
    digest,
    signature: SUM_SIGNATURE,
    rowed: true,
    together: true,
    invariance,
    modelBytes: 1,
    memory: new Map([['cpu', 10]]),
    settings: defaultSettings({ maxBatchRows: 8, runners: 1, device: 'cpu' }),
    statistics: new VersionStatistics(),
    batcher,
  };
}

function bench(
  load: (version: ListedVersion, signal: AbortSignal) => Promise<ServingVersion> = async ({ digest }) =>
    serving(digest),
  budgetBytes = 0,
) {
  const changes: string[] = [];
  const alarms: (() => void)[] = [];
  const state = { now: 0 };
  const table = new VersionTable({
    load,
    nowMs: () => state.now,
    concurrentLoads: 1,
    graceMs: 100,
    onUnexpected: (digest, error) => changes.push(`${digest} ${String(error)}`),
    onChange: (digest, standing) => changes.push(`${digest} ${standing}`),
    memory: {
      budgetBytes,
      minIdleMs: 10,
      estimate: ({ digest }) => new Map([['cpu', digest === 'huge' ? 99 : 10]]),
      alarm: (_ms, ring) => {
        alarms.push(ring);
        return () => undefined;
      },
    },
  });
  return { table, changes, state, alarms };
}

describe('VersionTable', () => {
  it('loads what is listed, one after the other, and then is settled', async () => {
    const { table, changes } = bench();
    table.follow(listing(1n, [version('a', 1), version('b', 2)]));
    expect(table.settled).toBe(false);
    expect(() => table.byDigest('acme', 'a', 'flights')).toThrow(
      expect.objectContaining({ reason: 'MODEL_NOT_READY' }),
    );
    await turn();
    expect(changes).toEqual(['a READY', 'b READY']);
    expect(table.settled).toBe(true);
    await table.close();
  });

  it('finds a version by digest, number or champion, and the newest where none is named', async () => {
    const { table } = bench();
    const versions = [version('a', 1), version('b', 2)];
    table.follow(listing(1n, versions));
    await turn();
    const found = (name: string) => table.byName('acme', 'flights', name).serving.digest;
    expect([found('1'), found('2'), found('b'), found('')]).toEqual(['a', 'b', 'b', 'b']);
    table.follow(listing(2n, versions, 'a'));
    expect(found('')).toBe('a');
    expect(table.byDigest('acme', 'b', 'flights').owner.number).toBe(2);
    await table.close();
  });

  it('asks callers to come back for what is listed and waits, and for everything before the first listing', async () => {
    const { table } = bench();
    const notReady = expect.objectContaining({ reason: 'MODEL_NOT_READY', codeName: 'UNAVAILABLE' });
    expect(() => table.byDigest('acme', 'b', 'flights')).toThrow(notReady);
    expect(() => table.byName('acme', 'flights', '')).toThrow(notReady);
    table.follow(listing(1n, [version('a', 1), version('b', 2)]));
    expect(() => table.byDigest('acme', 'b', 'flights')).toThrow(notReady);
    expect(() => table.byName('acme', 'flights', '2')).toThrow(notReady);
    expect(() => table.byDigest('rival', 'b', 'flights')).toThrow(
      expect.objectContaining({ reason: 'MODEL_NOT_FOUND' }),
    );
    await turn();
    expect(table.byName('acme', 'flights', '').serving.digest).toBe('b');
    await table.close();
  });

  it("shows nothing of a tenant's versions to another", async () => {
    const { table } = bench();
    table.follow(listing(1n, [version('a', 1)]));
    await turn();
    const notFound = expect.objectContaining({ reason: 'MODEL_NOT_FOUND' });
    expect(() => table.byDigest('rival', 'a', 'flights')).toThrow(notFound);
    expect(() => table.byName('rival', 'flights', '')).toThrow(notFound);
    expect(table.versionsOf('rival', 'flights')).toEqual([]);
    await table.close();
  });

  it('keeps the old version serving when the new one fails, and tries that again later', async () => {
    let broken = true;
    const { table, state, changes } = bench(async ({ digest }) => {
      if (digest === 'b' && broken) throw errors.ARTIFACT_CORRUPT('model.onnx is not what its digest says');
      return serving(digest);
    });
    table.follow(listing(1n, [version('a', 1)], 'a'));
    await turn();
    table.follow(listing(2n, [version('a', 1), version('b', 2)], 'a'));
    await turn();
    expect(table.byName('acme', 'flights', '').serving.digest).toBe('a');
    expect(() => table.byDigest('acme', 'b', 'flights')).toThrow('ARTIFACT_CORRUPT');
    expect(table.settled).toBe(true);
    expect(table.loadState).toEqual({
      loadedDigests: ['a'],
      failures: [
        { digest: 'b', reason: 'ARTIFACT_CORRUPT', detail: 'model.onnx is not what its digest says' },
      ],
    });
    broken = false;
    table.advance();
    await turn();
    expect(changes).toEqual(['a READY', 'b FAILED']);
    state.now = 5_000;
    table.advance();
    await turn();
    expect(table.byDigest('acme', 'b', 'flights').serving.digest).toBe('b');
    await table.close();
  });

  it('reports a failure of an unexpected kind as INTERNAL and tells its cause once', async () => {
    const { table, changes } = bench(() => Promise.reject(new RangeError('Array buffer allocation failed')));
    table.follow(listing(1n, [version('a', 1)]));
    await turn();
    expect(changes).toEqual(['a RangeError: Array buffer allocation failed', 'a FAILED']);
    expect(table.loadState.failures).toMatchObject([{ digest: 'a', reason: 'INTERNAL' }]);
    await table.close();
  });

  it('breaks off the load under way when it is closed, and reports nothing of it', async () => {
    const { table, changes } = bench(
      (_, signal) =>
        new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason))),
    );
    table.follow(listing(1n, [version('a', 1)]));
    await table.close();
    expect(changes).toEqual([]);
  });

  it('answers during the grace after a version is no longer listed, then unloads it', async () => {
    const { table, state, changes } = bench();
    table.follow(listing(1n, [version('a', 1)]));
    await turn();
    table.follow(listing(2n, []));
    expect(table.byDigest('acme', 'a', 'flights').serving.digest).toBe('a');
    state.now = 100;
    table.advance();
    await turn();
    expect(() => table.byDigest('acme', 'a', 'flights')).toThrow(
      expect.objectContaining({ reason: 'MODEL_NOT_FOUND' }),
    );
    expect(changes).toEqual(['a READY', 'a GONE']);
    await table.close();
  });

  it('takes a version back that is listed again during its grace, without loading it anew', async () => {
    const { table, state, changes } = bench();
    table.follow(listing(1n, [version('a', 1)]));
    await turn();
    table.follow(listing(2n, []));
    table.follow(listing(3n, [version('a', 1)]));
    state.now = 1_000;
    table.advance();
    await turn();
    expect(changes).toEqual(['a READY']);
    expect(table.settled).toBe(true);
    await table.close();
  });
});

describe('VersionTable with one content under two numbers', () => {
  it('answers as the number that was asked for, else as the highest', async () => {
    const { table } = bench();
    const owners = [1, 2].map((number) => ({ tenant: 'acme', model: 'flights', number }));
    const other = { tenant: 'acme', model: 'delays', number: 9 };
    const twice = { digest: 'a', files: [], owners: [...owners, other] };
    for (const champion of ['a', undefined]) {
      table.follow(listing(1n, [twice], champion));
      await turn();
      const numbers = ['1', '2', '', 'a'].map((name) => table.byName('acme', 'flights', name).owner.number);
      expect(numbers).toEqual([1, 2, 2, 2]);
      expect(table.byDigest('acme', 'a', 'flights').owner.number).toBe(2);
    }
    await table.close();
  });
});

describe('VersionTable with a budget of memory', () => {
  const never = new AbortController().signal;
  const two = listing(1n, [version('a', 1), version('b', 2)]);

  it('loads what fits and the rest on demand, in the place of the least recently used', async () => {
    const { table, changes, state } = bench(undefined, 15);
    table.follow(two);
    await turn();
    table.advance();
    expect(changes).toEqual(['a READY']);
    expect(table.settled).toBe(true);
    expect(table.loadState.loadedDigests).toEqual(['a']);
    state.now = 10;
    const found = table.awaken(
      () => table.byDigest('acme', 'b', 'flights'),
      () => never,
    );
    expect((await found).serving.digest).toBe('b');
    expect(changes).toEqual(['a READY', 'a EVICTED', 'b READY']);
    expect(table.loadState.loadedDigests).toEqual(['a', 'b']);
    expect(() => table.byDigest('acme', 'a', 'flights')).toThrow(
      expect.objectContaining({ reason: 'MODEL_UNLOADED' }),
    );
    await table.close();
  });

  it('does not unload what was just used, and looks again as long as somebody waits', async () => {
    const { table, changes, state, alarms } = bench(undefined, 15);
    table.follow(two);
    await turn();
    state.now = 9;
    table.byDigest('acme', 'a', 'flights');
    state.now = 18;
    const found = table.awaken(
      () => table.byName('acme', 'flights', '2'),
      () => never,
    );
    await turn();
    expect(changes).toEqual(['a READY']);
    state.now = 19;
    alarms.pop()?.();
    expect((await found).serving.digest).toBe('b');
    alarms.pop()?.();
    expect(alarms).toEqual([]);
    await table.close();
  });

  it('counts questions about a version as no use of it, and answers them while it is unloaded', async () => {
    const { table, changes, state } = bench(undefined, 15);
    table.follow(two);
    await turn();
    state.now = 9;
    expect(table.peek('acme', 'flights', '1').serving.digest).toBe('a');
    expect(table.describe('acme', 'flights', '1').facts.digest).toBe('a');
    state.now = 10;
    await table.awaken(
      () => table.byName('acme', 'flights', '2'),
      () => never,
    );
    expect(changes).toEqual(['a READY', 'a EVICTED', 'b READY']);
    state.now = 100;
    expect(table.describe('acme', 'flights', '1')).toMatchObject({
      facts: { digest: 'a', signature: SUM_SIGNATURE },
      owner: { number: 1 },
    });
    expect(() => table.peek('acme', 'flights', '1')).toThrow(
      expect.objectContaining({ reason: 'MODEL_UNLOADED' }),
    );
    await turn();
    expect(changes).toHaveLength(3);
    await table.close();
  });

  it('tells that a version has gone that is withdrawn while it is unloaded', async () => {
    const { table, changes, state } = bench(undefined, 15);
    table.follow(two);
    await turn();
    state.now = 10;
    await table.awaken(
      () => table.byName('acme', 'flights', '2'),
      () => never,
    );
    table.follow(listing(2n, [version('b', 2)]));
    await turn();
    expect(changes).toEqual(['a READY', 'a EVICTED', 'b READY', 'a GONE']);
    await table.close();
  });

  it('lets requests wait for a version that another has begun to load again, which counts as answering', async () => {
    let release = () => undefined as void;
    let held: Promise<void> = Promise.resolve();
    const { table, state } = bench(async ({ digest }) => {
      await held;
      return serving(digest);
    }, 15);
    table.follow(two);
    await turn();
    held = new Promise((resolve) => (release = resolve));
    state.now = 10;
    const ask = () =>
      table.awaken(
        () => table.byName('acme', 'flights', '1'),
        () => never,
      );
    const other = table.awaken(
      () => table.byName('acme', 'flights', '2'),
      () => never,
    );
    await turn();
    const late = table.awaken(
      () => table.byName('acme', 'flights', '2'),
      () => never,
    );
    release();
    expect((await other).serving).toBe((await late).serving);
    held = new Promise((resolve) => (release = resolve));
    state.now = 20;
    const first = ask();
    await turn();
    await turn();
    expect(table.reports().map((report) => report.state)).toContain('LOADING');
    expect(table.answers('a')).toBe(true);
    expect(table.describe('acme', 'flights', '1').facts.digest).toBe('a');
    const second = ask();
    release();
    expect((await first).serving).toBe((await second).serving);
    await table.close();
  });

  it('gives up waiting with the caller', async () => {
    const { table } = bench(undefined, 15);
    table.follow(two);
    await turn();
    const caller = new AbortController();
    const found = table.awaken(
      () => table.byDigest('acme', 'b', 'flights'),
      () => caller.signal,
    );
    caller.abort(new Error('gone'));
    await expect(found).rejects.toMatchObject({ reason: 'MODEL_UNLOADED' });
    await table.close();
  });

  it('refuses what never fits and says so', async () => {
    const { table, changes } = bench(undefined, 15);
    table.follow(listing(1n, [version('huge', 1), version('b', 2)]));
    await turn();
    expect(changes.sort()).toEqual(['b READY', 'huge FAILED']);
    expect(() => table.byName('acme', 'flights', '1')).toThrow(
      expect.objectContaining({ reason: 'MEMORY_BUDGET', codeName: 'RESOURCE_EXHAUSTED' }),
    );
    expect(table.failureOf('huge')).toMatchObject({ reason: 'MEMORY_BUDGET' });
    await table.close();
  });

  it('loads in the background what has never been loaded, once others are idle for long', async () => {
    const { table, changes, state } = bench(undefined, 15);
    table.follow(two);
    await turn();
    state.now = 299;
    table.advance();
    await turn();
    expect(changes).toEqual(['a READY']);
    state.now = 300;
    table.advance();
    await turn();
    expect(changes).toEqual(['a READY', 'a EVICTED', 'b READY']);
    state.now = 10_000;
    table.advance();
    await turn();
    expect(changes).toHaveLength(3);
    await table.close();
  });
});
