import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { listModels, placeModel, type LoadOutcome } from './list-models.ts';
import type { RepositoryVersion } from './repository.ts';

const version = (digest: string, number: number): RepositoryVersion => ({ digest, number, files: [] });
const digests = (versions: readonly RepositoryVersion[]) => versions.map(({ digest }) => digest);

describe('placeModel', () => {
  it('keeps what served until it is known what becomes of all that is wanted', () => {
    const old = version('old', 1);
    const wanted = [version('a', 1), version('b', 2)];
    const place = (kept: readonly RepositoryVersion[], outcomes: Record<string, LoadOutcome>) => {
      const placed = placeModel(wanted, kept, (digest) => outcomes[digest] ?? 'answers');
      return [digests(placed.listed), digests(placed.kept), placed.champion?.digest];
    };
    expect(place([old], { a: 'pending', b: 'pending' })).toEqual([['a', 'b', 'old'], ['old'], 'old']);
    expect(place([old], { b: 'pending' })).toEqual([['a', 'b', 'old'], ['a', 'old'], 'a']);
    expect(place([old], { a: 'failed' })).toEqual([['a', 'b', 'old'], ['b', 'old'], 'b']);
    expect(place([old], { b: 'failed' })).toEqual([['a', 'b'], ['a'], 'a']);
    expect(place([old], { a: 'failed', b: 'failed' })).toEqual([['a', 'b', 'old'], ['old'], 'old']);
    expect(place([old], {})).toEqual([['a', 'b'], ['a', 'b'], 'b']);
  });

  it('keeps a number answering while its content becomes that of another number', () => {
    const placed = placeModel([version('same', 1), version('new', 2)], [version('same', 2)], (digest) =>
      digest === 'new' ? 'pending' : 'answers',
    );
    expect(placed.listed.map(({ digest, number }) => `${number} ${digest}`)).toEqual([
      '1 same',
      '2 new',
      '2 same',
    ]);
  });

  it('never leaves a model without a version that answers, once one has, nor keeps more than it must', () => {
    const names = ['a', 'b', 'c', 'd'];
    const step = fc.record({
      wanted: fc.uniqueArray(fc.constantFrom(...names), { minLength: 1 }),
      broken: fc.subarray(names),
    });
    fc.assert(
      fc.property(fc.array(step, { minLength: 1 }), (steps) => {
        let kept: readonly RepositoryVersion[] = [];
        let answering = new Set<string>();
        for (const { wanted, broken } of steps) {
          const versions = wanted.map((name) => version(name, names.indexOf(name) % 2));
          // First all that is new is pending; then it answers, or fails where it is broken.
          for (const missing of ['pending', 'failed'] as const) {
            const placed = placeModel(versions, kept, (digest) =>
              answering.has(digest) ? 'answers' : missing,
            );
            if (answering.size > 0) expect(answering.has(placed.champion?.digest ?? '')).toBe(true);
            const listed = digests(placed.listed);
            const loaded = missing === 'pending' ? wanted.filter((name) => !broken.includes(name)) : [];
            answering = new Set(listed.filter((name) => answering.has(name) || loaded.includes(name)));
            kept = placed.kept;
          }
          const extra = kept.filter(({ digest }) => !wanted.includes(digest));
          if (wanted.every((name) => answering.has(name))) expect(extra).toEqual([]);
        }
      }),
    );
  });
});

describe('listModels', () => {
  it('lists a content that several models share once, and lets go of models that are gone', () => {
    const model = (name: string, ...versions: RepositoryVersion[]) => ({
      name,
      versions,
      problem: undefined,
    });
    const models = [model('m', version('a', 1), version('b', 2)), model('n', version('a', 7))];
    const kept = new Map([
      ['m', [version('old', 1)]],
      ['gone', [version('old', 1)]],
    ]);
    const placed = listModels('acme', models, kept, (digest) => (digest === 'b' ? 'pending' : 'answers'));
    expect(
      placed.versions.map(({ digest, owners }) => [digest, ...owners.map((o) => `${o.model}/${o.number}`)]),
    ).toEqual([
      ['a', 'm/1', 'n/7'],
      ['b', 'm/2'],
      ['old', 'm/1'],
    ]);
    expect([...placed.champions]).toEqual([
      ['acme/m', 'a'],
      ['acme/n', 'a'],
    ]);
    expect([...placed.kept.keys()]).toEqual(['m', 'n']);
  });
});
