import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { closestName, editDistance } from './closest-name.ts';

const naive = (left: string, right: string): number => {
  if (left === '' || right === '') return left.length + right.length;
  const replaced = naive(left.slice(1), right.slice(1)) + (left[0] === right[0] ? 0 : 1);
  return Math.min(replaced, naive(left.slice(1), right) + 1, naive(left, right.slice(1)) + 1);
};

describe('closestName', () => {
  const names = ['name', 'max_batch_size', 'input', 'output'];

  it.each([
    ['max_batchsize', 'max_batch_size'],
    ['inputs', 'input'],
    ['Output', 'output'],
    ['nmae', 'name'],
    ['scheduling', undefined],
    ['x'.repeat(100_000), undefined],
  ])('takes %.20s for %s', (mistyped, meant) => {
    expect(closestName(mistyped, names)).toBe(meant);
  });

  it('counts the edits that a naive search counts', () => {
    const word = fc.string({ unit: fc.constantFrom('a', 'b', 'c'), maxLength: 5 });
    fc.assert(
      fc.property(word, word, (left, right) => {
        expect(editDistance(left, right)).toBe(naive(left, right));
      }),
    );
  });
});
