import { beforeEach, describe, expect, it } from '@jest/globals';
import { errors } from '../errors.ts';
import type { Listing } from '../traffic.ts';
import { ListedModels } from './listed-models.ts';
import type { RepositoryModel } from './repository.ts';

const digestOf = (content: string) => `sha256:${content.repeat(64)}`;
const model = (name: string, ...contents: string[]): RepositoryModel => ({
  name,
  versions: contents.map((content, index) => ({
    digest: content,
    number: index + 1,
    files: [{ path: 'model.onnx', digest: digestOf(content), sizeBytes: 1n }],
  })),
  problem: undefined,
});
const faulty = (name: string, message: string): RepositoryModel => ({
  ...model(name),
  problem: errors.REPOSITORY_INVALID(message),
});

let answering: Set<string>;
let listings: Listing[];
let problems: string[];
let listed: ListedModels;
beforeEach(() => {
  answering = new Set();
  listings = [];
  problems = [];
  const table = {
    answers: (digest: string) => answering.has(digest),
    failureOf: () => undefined,
    follow: (listing: Listing) => void listings.push(listing),
  };
  const onProblem = (name: string) => void problems.push(name);
  listed = new ListedModels({ table, tenant: 'acme', onProblem });
});
const last = () => listings.at(-1)?.versions.map(({ digest }) => digest);

describe('ListedModels', () => {
  it('lists what is wanted, under a new epoch only where something has changed', () => {
    listed.replace([model('m', 'a')]);
    listed.review();
    listed.review();
    listed.put(model('n', 'b'));
    listed.review();
    expect(listings.map(({ epoch }) => epoch)).toEqual([1n, 2n]);
    expect(last()).toEqual(['a', 'b']);
    listed.drop('m');
    listed.review();
    expect(last()).toEqual(['b']);
  });

  it('keeps what answers beside its successor until that answers, and needs its files as long', () => {
    listed.replace([model('m', 'a')]);
    answering.add('a');
    listed.review();
    listed.replace([model('m', 'b')]);
    listed.review();
    expect(last()).toEqual(['b', 'a']);
    expect(listed.filesNeeded([model('n', 'c')])).toEqual(new Set(['c', 'b', 'a'].map(digestOf)));
    answering.add('b');
    listed.review();
    expect(last()).toEqual(['b']);
    expect(listed.filesNeeded()).toEqual(new Set([digestOf('b')]));
  });

  it('wants a model still as it was before it had a problem, of which it tells once and lists it', () => {
    listed.replace([model('m', 'a')]);
    listed.replace([faulty('m', 'no version')]);
    listed.replace([faulty('m', 'no version')]);
    listed.review();
    expect(last()).toEqual(['a']);
    expect(listings.at(-1)?.problems?.get('acme/m')).toEqual({
      reason: 'REPOSITORY_INVALID',
      detail: 'no version',
    });
    expect(problems).toEqual(['m']);
    listed.replace([faulty('m', 'another')]);
    expect(problems).toEqual(['m', 'm']);
  });
});
