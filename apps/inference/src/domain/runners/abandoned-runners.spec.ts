import { describe, expect, it } from '@jest/globals';
import { exhaustion } from './abandoned-runners.ts';

describe('exhaustion', () => {
  it.each([
    ['the first runner', []],
    ['one beside a runner of its model', ['a']],
    ['one beside those of other models', ['b', 'b', 'c']],
  ])('allows %s', (_rule, abandoned) => {
    expect(exhaustion(abandoned, 'a', 4)).toBeUndefined();
  });

  it.each([
    ['beside two of its model', ['a', 'a'], '2 runners of this model never came back'],
    ['where the replica has its most', ['b', 'b', 'c', 'c'], '4 runners of this replica never came back'],
  ])('refuses one %s', (_rule, abandoned, why) => {
    expect(exhaustion(abandoned, 'a', 4)).toBe(why);
  });
});
