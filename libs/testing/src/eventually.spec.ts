import { describe, expect, it } from '@jest/globals';
import { eventually } from './eventually.ts';

describe('eventually', () => {
  it('yields the first value that is neither false nor absent', async () => {
    const values = [false, undefined, null, 0];
    expect(await eventually(() => values.shift(), { intervalMs: 1 })).toBe(0);
  });

  it('outlasts failures of the probe', async () => {
    let left = 3;
    const probe = () => {
      if (left-- > 0) throw new Error('not yet');
      return 'done';
    };
    expect(await eventually(probe, { intervalMs: 1 })).toBe('done');
  });

  it('rejects with the last failure as its cause', async () => {
    const cause = new Error('never');
    await expect(
      eventually(() => Promise.reject(cause), { timeoutMs: 5, intervalMs: 1 }),
    ).rejects.toMatchObject({ cause });
  });
});
