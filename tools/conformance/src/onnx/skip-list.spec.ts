import { describe, expect, it } from '@jest/globals';
import { CLAIMS, readSkipList, skipOf, unusedEntries, type SkipEntry } from './skip-list.ts';

const entry = (pattern: string): SkipEntry => ({ pattern, claim: 'engine-differs', reason: 'random' });

describe('the skip list', () => {
  it('finds the entry whose glob matches the name of a case', () => {
    const entries = [entry('node/test_a{,_default}'), entry('node/test_b*')];
    expect(skipOf(entries, 'node/test_a')).toBe(entries[0]);
    expect(skipOf(entries, 'node/test_a_default')).toBe(entries[0]);
    expect(skipOf(entries, 'node/test_b_seed')).toBe(entries[1]);
    expect(skipOf(entries, 'node/test_a_other')).toBeUndefined();
    expect(skipOf(entries, 'simple/test_b')).toBeUndefined();
  });

  it('names entries that match no case, and those that an earlier one hides', () => {
    const entries = [entry('node/test_a'), entry('node/test_*'), entry('node/test_b')];
    expect(unusedEntries(entries, ['node/test_a', 'node/test_b'])).toEqual([entries[2]]);
  });

  it('gives every entry a known claim and a reason', () => {
    const entries = readSkipList();
    expect(entries.length).toBeGreaterThan(0);
    for (const { claim, reason } of entries) {
      expect(CLAIMS).toContain(claim);
      expect(reason).not.toBe('');
    }
  });
});
