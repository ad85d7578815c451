import { describe, expect, it } from '@jest/globals';
import { RecentAnswers } from './recent-answers.ts';

const bytes = (text: string) => Buffer.from(text);
const MINUTE_US = 60_000_000n;

describe('recent answers', () => {
  it('answer a repeated id with what it was answered first', () => {
    const recent = new RecentAnswers(10_000);
    expect(recent.claim('a', 'id', bytes('q'), bytes('first'), 0n)).toBeUndefined();
    const again = recent.claim('a', 'id', bytes('q'), bytes('second'), 9n * MINUTE_US);
    expect(again?.answer).toEqual(new Uint8Array(bytes('first')));
  });

  it('keep tenants apart', () => {
    const recent = new RecentAnswers(10_000);
    recent.claim('a', 'id', bytes('q'), bytes('first'), 0n);
    expect(recent.claim('b', 'id', bytes('q'), bytes('other'), 0n)).toBeUndefined();
  });

  it('forget after ten minutes', () => {
    const recent = new RecentAnswers(10_000);
    recent.claim('a', 'id', bytes('q'), bytes('first'), 0n);
    expect(recent.claim('a', 'id', bytes('q'), bytes('second'), 10n * MINUTE_US)).toBeUndefined();
  });

  it('forget the oldest when they take too much room', () => {
    const recent = new RecentAnswers(1_000);
    recent.claim('a', 'one', bytes('q'), bytes('123456'), 0n);
    recent.claim('a', 'two', bytes('q'), bytes('123456'), 1n);
    expect(recent.claim('a', 'two', bytes('q'), bytes('x'), 2n)).toBeDefined();
    expect(recent.claim('a', 'one', bytes('q'), bytes('x'), 2n)).toBeUndefined();
  });

  it('forget a claim whose record could not be kept', () => {
    const recent = new RecentAnswers(10_000);
    recent.claim('a', 'id', bytes('q'), bytes('first'), 0n);
    recent.forget('a', 'id');
    expect(recent.claim('a', 'id', bytes('q'), bytes('second'), 1n)).toBeUndefined();
  });
});
