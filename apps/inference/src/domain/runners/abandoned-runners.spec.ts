import { describe, expect, it } from '@jest/globals';
import { checkAbandoned } from './abandoned-runners.ts';

describe('checkAbandoned', () => {
  it.each([
    ['the first runner', []],
    ['one beside a runner of its model', ['a']],
    ['one beside those of other models', ['b', 'b', 'c']],
  ])('allows %s', (_rule, abandoned) => {
    expect(() => checkAbandoned(abandoned, 'a', 4)).not.toThrow();
  });

  it.each([
    ['beside two of its model', ['a', 'a']],
    ['where the replica has its most', ['b', 'b', 'c', 'c']],
  ])('refuses one %s', (_rule, abandoned) => {
    expect(() => checkAbandoned(abandoned, 'a', 4)).toThrow(
      expect.objectContaining({ reason: 'RUNNERS_EXHAUSTED' }),
    );
  });
});
