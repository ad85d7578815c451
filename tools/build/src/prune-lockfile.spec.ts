import { describe, expect, it } from '@jest/globals';
import { pruneLockfile, type Lockfile } from './prune-lockfile.ts';

const lockfile: Lockfile = {
  lockfileVersion: 3,
  packages: {
    '': {},
    'node_modules/a': {
      version: '1.0.0',
      dependencies: { b: '^1', c: '^2' },
      optionalDependencies: { native: '1' },
    },
    'node_modules/b': {
      version: '1.0.0',
      peerDependencies: { d: '*', e: '*' },
      peerDependenciesMeta: { e: { optional: true } },
    },
    'node_modules/c': { version: '1.0.0', dev: true },
    'node_modules/a/node_modules/c': { version: '2.0.0', dependencies: { b: '^1' }, dev: true },
    'node_modules/d': { version: '4.0.0', dependencies: { a: '^1' } },
    'node_modules/e': { version: '5.0.0' },
    'node_modules/jest': { version: '30.0.0', dev: true },
  },
};

describe('pruneLockfile', () => {
  const manifest = { name: 'shop', version: '0.1.0', dependencies: { a: '1.0.0' } };

  it('keeps what is needed, in place: nested versions, peers, cycles, and nothing for other platforms', () => {
    expect(Object.keys(pruneLockfile(lockfile, manifest).packages)).toEqual([
      '',
      'node_modules/a',
      'node_modules/a/node_modules/c',
      'node_modules/b',
      'node_modules/d',
    ]);
  });

  it('declares the service itself and forgets what was for development', () => {
    const { packages } = pruneLockfile(lockfile, manifest);
    expect(packages['']).toEqual(manifest);
    expect(packages['node_modules/a/node_modules/c']).not.toHaveProperty('dev');
  });
});
