import { describe, expect, it } from '@jest/globals';
import type { ListedVersion } from './domain/traffic.ts';
import type { VersionReport } from './domain/versions/version-reports.ts';
import { describeStart, VersionNames } from './version-names.ts';

const version = (digest: string, ...names: readonly [model: string, number: number][]): ListedVersion => ({
  digest,
  files: [],
  owners: names.map(([model, number]) => ({ tenant: 'default', model, number })),
});

const report = (of: ListedVersion, reason?: string): VersionReport => ({
  version: of,
  state: reason === undefined ? 'READY' : 'FAILED',
  serving: undefined,
  facts: undefined,
  failure: reason === undefined ? undefined : { digest: of.digest, reason, detail: 'as told' },
  statistics: undefined,
});

describe('the name of a version in the log', () => {
  it('is the model and the number of each owner', () => {
    const names = new VersionNames();
    names.learn([version('a', ['flights', 3]), version('b', ['flights', 4], ['copy', 1])]);
    expect(names.of('a')).toEqual({ digest: 'a', model: 'flights', modelVersion: '3' });
    expect(names.of('b')).toEqual({ digest: 'b', model: 'flights, copy', modelVersion: '4, 1' });
  });

  it('follows the newest listing', () => {
    const names = new VersionNames();
    names.learn([version('a', ['flights', 3])]);
    names.learn([version('a', ['delays', 1])]);
    expect(names.of('a').model).toBe('delays');
  });

  it('is the digest alone where nobody is known to own it', () => {
    const names = new VersionNames();
    names.learn([version('a', ['flights', 3])]);
    names.forget('a');
    expect(names.of('a')).toEqual({ digest: 'a' });
  });
});

describe('the summary of a start', () => {
  it('counts what is served and names what failed with its reason', () => {
    const reports = [
      report(version('a', ['flights', 3])),
      report(version('b', ['flights', 4], ['copy', 1]), 'MODEL_INVALID'),
    ];
    expect(describeStart(reports, '/models')).toBe(
      '1 of 2 versions from /models are served; failed: flights/4 = copy/1 (MODEL_INVALID)',
    );
  });

  it('says so where there is nothing to serve', () => {
    expect(describeStart([], '/models')).toBe('0 of 0 versions from /models are served');
  });
});
