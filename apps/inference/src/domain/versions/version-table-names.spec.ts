import { describe, expect, it } from '@jest/globals';
import { listing, tableBench, turn, version } from '../../../test/version-table-bench.ts';
import { ownedReports } from './version-reports.ts';

describe('VersionTable, asked for a version', () => {
  it('finds a version by digest, number or champion, and the newest where none is named', async () => {
    const { table } = tableBench();
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
    const { table } = tableBench();
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
    const { table } = tableBench();
    table.follow(listing(1n, [version('a', 1)]));
    await turn();
    const notFound = expect.objectContaining({ reason: 'MODEL_NOT_FOUND' });
    expect(() => table.byDigest('rival', 'a', 'flights')).toThrow(notFound);
    expect(() => table.byName('rival', 'flights', '')).toThrow(notFound);
    expect(ownedReports(table.reports(), 'rival', 'flights')).toEqual([]);
    await table.close();
  });

  it('answers as the number that was asked for, else as the highest, where one content has several', async () => {
    const { table } = tableBench();
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
