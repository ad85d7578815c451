import { describe, expect, it } from '@jest/globals';
import { errors } from '../errors.ts';
import type { RepositoryModel } from './repository.ts';
import { indexVersions, sortIndex, unservedModels } from './repository-index.ts';
import type { Standing } from '../versions/plan-versions.ts';
import type { VersionReport } from '../versions/version-reports.ts';

const report = (
  digest: string,
  state: Standing['state'],
  number: number,
  more: Partial<VersionReport> = {},
): VersionReport => ({
  version: { digest, files: [], owners: [{ tenant: 'acme', model: 'm', number }] },
  state,
  serving: undefined,
  facts: undefined,
  failure: undefined,
  statistics: undefined,
  ...more,
});
const failure = { digest: 'b', reason: 'MODEL_INVALID', detail: 'no session' };
const index = (reports: VersionReport[], waiting: VersionReport[] = [], tenant = 'acme') =>
  sortIndex(
    indexVersions(
      reports,
      { epoch: 1n, versions: [...reports, ...waiting].map(({ version }) => version), champions: new Map() },
      tenant,
    ),
  ).map(({ name, version, state, reason }) => `${name} ${version} ${state} ${reason}`.trim());

describe('the index of a repository', () => {
  it('tells the state of every version, in their order', () => {
    const reports = [
      report('a', 'READY', 10),
      report('b', 'FAILED', 9, { failure }),
      report('c', 'DRAINING', 2),
      report('d', 'LOADING', 3),
      report('e', 'EVICTED', 4),
    ];
    expect(index(reports, [report('f', 'READY', 1)])).toEqual([
      'm 1 LOADING',
      'm 2 UNLOADING',
      'm 3 LOADING',
      'm 4 UNAVAILABLE unloaded for memory',
      'm 9 UNAVAILABLE MODEL_INVALID: no session',
      'm 10 READY',
    ]);
  });

  it('tells one number once, as what serves, with what is wrong with its successor', () => {
    const serving = report('a', 'READY', 1);
    const broken = report('b', 'FAILED', 1, { failure });
    const expected = ['m 1 READY MODEL_INVALID: no session'];
    expect(index([serving, broken])).toEqual(expected);
    expect(index([broken, serving])).toEqual(expected);
  });

  it('tells nothing of other tenants', () => {
    expect(index([report('a', 'READY', 1)], [report('b', 'READY', 2)], 'other')).toEqual([]);
  });
});

describe('unservedModels', () => {
  it('are those that were withdrawn, have a problem alone, or that nobody has asked for', () => {
    const problem = errors.REPOSITORY_INVALID('no version');
    const model = (name: string, versions: RepositoryModel['versions'], fault?: typeof problem) =>
      [name, { name, versions, problem: fault }] as const;
    const one = { digest: 'a', number: 1, files: [] };
    const wanted = new Map([
      model('serves', [one]),
      model('served', [one], problem),
      model('broken', [], problem),
    ]);
    const names = ['broken', 'new', 'served', 'serves', 'withdrawn'];
    expect(unservedModels(names, wanted, new Map([['withdrawn', [1, 3]]]))).toEqual([
      { name: 'withdrawn', version: '1', state: 'UNAVAILABLE', reason: 'unloaded' },
      { name: 'withdrawn', version: '3', state: 'UNAVAILABLE', reason: 'unloaded' },
      { name: 'broken', version: '', state: 'UNAVAILABLE', reason: 'REPOSITORY_INVALID: no version' },
      { name: 'new', version: '', state: '', reason: '' },
    ]);
  });
});
