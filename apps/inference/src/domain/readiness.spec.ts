import { describe, expect, it } from '@jest/globals';
import { Readiness } from './readiness.ts';

describe('Readiness', () => {
  it('comes with the first look at which all is settled, and stays until the replica stops', () => {
    const stopping = new AbortController();
    let settled = false;
    const readiness = new Readiness(() => settled, stopping.signal);
    readiness.look();
    expect(readiness.ready).toBe(false);
    settled = true;
    expect(readiness.ready).toBe(false);
    readiness.look();
    expect(readiness.ready).toBe(true);
    settled = false;
    readiness.look();
    expect(readiness.ready).toBe(true);
    stopping.abort();
    readiness.look();
    expect(readiness.ready).toBe(false);
  });
});
