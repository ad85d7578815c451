import { describe, expect, it } from '@jest/globals';
import { listing, serving, tableBench, turn, version } from '../../../test/version-table-bench.ts';
import { errors } from '../errors.ts';
import type { VersionTable } from './version-table.ts';

describe('what a version has done', () => {
  const never = new AbortController().signal;
  const two = listing(1n, [version('a', 1), version('b', 2)]);
  const reportOf = (table: VersionTable, digest: string) =>
    table.reports().find((report) => report.version.digest === digest);
  const rowsOf = (table: VersionTable, digest: string) => reportOf(table, digest)?.statistics?.counts.rows;
  const run = (table: VersionTable, digest: string, rows: number) =>
    reportOf(table, digest)?.serving?.statistics.recordBatch(rows, { inputUs: 1, inferUs: 1, outputUs: 1 });
  const awaken = (table: VersionTable, digest: string) =>
    table.awaken(
      () => table.byDigest('acme', digest, 'flights'),
      () => never,
    );

  it('is counted from its first load, and on when it is unloaded for memory and loaded again', async () => {
    const { table, state } = tableBench(undefined, 15);
    table.follow(two);
    await turn();
    expect([rowsOf(table, 'a'), rowsOf(table, 'b')]).toEqual([0, undefined]);
    run(table, 'a', 3);
    state.now = 10;
    await awaken(table, 'b');
    expect(reportOf(table, 'a')).toMatchObject({ state: 'EVICTED', serving: undefined });
    expect(rowsOf(table, 'a')).toBe(3);
    state.now = 20;
    await awaken(table, 'a');
    run(table, 'a', 4);
    expect(rowsOf(table, 'a')).toBe(7);
    await table.close();
  });

  it('is kept while it cannot be loaded again, and when that is tried anew', async () => {
    let isBroken = false;
    const { table, state } = tableBench(async ({ digest }, statistics) => {
      if (isBroken) throw errors.ARTIFACT_CORRUPT('model.onnx is not what its digest says');
      return serving(digest, statistics);
    }, 15);
    table.follow(two);
    await turn();
    run(table, 'a', 3);
    state.now = 10;
    await awaken(table, 'b');
    isBroken = true;
    state.now = 20;
    await expect(Promise.resolve(awaken(table, 'a'))).rejects.toMatchObject({ reason: 'MODEL_NOT_READY' });
    expect(reportOf(table, 'a')).toMatchObject({ state: 'FAILED', facts: undefined });
    isBroken = false;
    table.retry(['a']);
    expect(table.failureOf('a')).toBeUndefined();
    state.now = 30;
    await awaken(table, 'a');
    expect(rowsOf(table, 'a')).toBe(3);
    await table.close();
  });

  it('begins anew with a version that was withdrawn', async () => {
    const { table, state } = tableBench();
    table.follow(two);
    await turn();
    run(table, 'a', 3);
    table.follow(listing(2n, []));
    state.now = 100;
    table.advance();
    await turn();
    expect(table.reports()).toEqual([]);
    table.follow(two);
    await turn();
    expect(rowsOf(table, 'a')).toBe(0);
    await table.close();
  });

  it('shows with what was found at its load, also while it is unloaded for memory', async () => {
    const { table, state } = tableBench(undefined, 15);
    table.follow(two);
    await turn();
    state.now = 10;
    await awaken(table, 'b');
    expect(reportOf(table, 'a')?.facts).toMatchObject({ invariance: { class: 'INVARIANT' }, modelBytes: 1 });
    expect(reportOf(table, 'a')?.facts).not.toHaveProperty('batcher');
    await table.close();
  });
});
