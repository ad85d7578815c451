import { describe, expect, it } from '@jest/globals';
import { SUM_SIGNATURE } from '../../../test/fake-runner.ts';
import { listing, serving, tableBench, turn, version } from '../../../test/version-table-bench.ts';
import { loadStateOf } from './version-reports.ts';

describe('VersionTable with a budget of memory', () => {
  const never = new AbortController().signal;
  const two = listing(1n, [version('a', 1), version('b', 2)]);

  it('loads what fits and the rest on demand, in the place of the least recently used', async () => {
    const { table, changes, state } = tableBench(undefined, 15);
    table.follow(two);
    await turn();
    table.advance();
    expect(changes).toEqual(['a READY']);
    expect(table.settled).toBe(true);
    expect(loadStateOf(table.reports()).loadedDigests).toEqual(['a']);
    state.now = 10;
    const found = table.awaken(
      () => table.byDigest('acme', 'b', 'flights'),
      () => never,
    );
    expect((await found).serving.digest).toBe('b');
    expect(changes).toEqual(['a READY', 'a EVICTED', 'b READY']);
    expect(loadStateOf(table.reports()).loadedDigests).toEqual(['a', 'b']);
    expect(() => table.byDigest('acme', 'a', 'flights')).toThrow(
      expect.objectContaining({ reason: 'MODEL_UNLOADED' }),
    );
    await table.close();
  });

  it('does not unload what was just used, and looks again as long as somebody waits', async () => {
    const { table, changes, state, alarms } = tableBench(undefined, 15);
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
    const { table, changes, state } = tableBench(undefined, 15);
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
    const { table, changes, state } = tableBench(undefined, 15);
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
    const { table, state } = tableBench(async ({ digest }) => {
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
    const { table } = tableBench(undefined, 15);
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
    const { table, changes } = tableBench(undefined, 15);
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
    const { table, changes, state } = tableBench(undefined, 15);
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
