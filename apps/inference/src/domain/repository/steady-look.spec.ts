import { describe, expect, it } from '@jest/globals';
import { SteadyLook } from './steady-look.ts';
import type { RepositoryModel } from './repository.ts';

const model = (name: string, digest: string): RepositoryModel => ({
  name,
  versions: [{ digest, number: 1, files: [] }],
  problem: undefined,
});
const told = (models: readonly RepositoryModel[]) =>
  models.map(({ name, versions }) => `${name} ${versions[0]?.digest}`).sort();

describe('SteadyLook', () => {
  it('takes a change, an addition and a removal once two looks agree', () => {
    const look = new SteadyLook();
    let taken = [model('a', '1'), model('gone', '1')];
    look.begin(taken);
    const see = (...found: RepositoryModel[]) => {
      taken = look.settle(found, new Map(taken.map((one) => [one.name, one])));
      return told(taken);
    };
    expect(see(model('a', 'half'), model('new', '1'))).toEqual(['a 1', 'gone 1']);
    expect(see(model('a', '2'), model('new', '1'))).toEqual(['a 1', 'new 1']);
    expect(see(model('a', '2'), model('new', '1'))).toEqual(['a 2', 'new 1']);
    expect(see(model('new', '1'))).toEqual(['a 2', 'new 1']);
    expect(see(model('a', '2'), model('new', '1'))).toEqual(['a 2', 'new 1']);
    expect(see(model('a', '2'), model('new', '1'))).toEqual(['a 2', 'new 1']);
    expect(see()).toEqual(['a 2', 'new 1']);
    expect(see()).toEqual([]);
  });
});
