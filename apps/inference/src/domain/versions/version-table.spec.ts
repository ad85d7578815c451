import { describe, expect, it } from '@jest/globals';
import { listing, serving, tableBench, turn, version } from '../../../test/version-table-bench.ts';
import { errors } from '../errors.ts';
import { loadStateOf } from './version-reports.ts';

describe('VersionTable', () => {
  it('loads what is listed, one after the other, and then is settled', async () => {
    const { table, changes } = tableBench();
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

  it('keeps the old version serving when the new one fails, and tries that again later', async () => {
    let broken = true;
    const { table, state, changes } = tableBench(async ({ digest }) => {
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
    expect(loadStateOf(table.reports())).toEqual({
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
    const { table, changes } = tableBench(() =>
      Promise.reject(new RangeError('Array buffer allocation failed')),
    );
    table.follow(listing(1n, [version('a', 1)]));
    await turn();
    expect(changes).toEqual(['a RangeError: Array buffer allocation failed', 'a FAILED']);
    expect(loadStateOf(table.reports()).failures).toMatchObject([{ digest: 'a', reason: 'INTERNAL' }]);
    await table.close();
  });

  it('breaks off the load under way when it is closed, and reports nothing of it', async () => {
    const { table, changes } = tableBench(
      (_version, _statistics, signal) =>
        new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason))),
    );
    table.follow(listing(1n, [version('a', 1)]));
    await table.close();
    expect(changes).toEqual([]);
  });

  it('answers during the grace after a version is no longer listed, then unloads it', async () => {
    const { table, state, changes } = tableBench();
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
    const { table, state, changes } = tableBench();
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
