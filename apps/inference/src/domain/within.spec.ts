import { getEventListeners } from 'node:events';
import { describe, expect, it } from '@jest/globals';
import { within } from './within.ts';

const never = new AbortController().signal;

function bench() {
  const alarms = new Set<() => void>();
  const limit = {
    limitMs: 100,
    alarm: (_ms: number, ring: () => void) => {
      alarms.add(ring);
      return () => alarms.delete(ring);
    },
    late: () => new Error('late'),
  };
  return { alarms, limit };
}

describe('within', () => {
  it('passes on what the work comes to and cancels the alarm', async () => {
    const { alarms, limit } = bench();
    expect(await within(limit, never, async () => 7)).toBe(7);
    await expect(within(limit, never, () => Promise.reject(new Error('own')))).rejects.toThrow('own');
    expect(alarms.size).toBe(0);
  });

  it('gives up work that never ends at its limit and tells it', async () => {
    const { alarms, limit } = bench();
    const told: unknown[] = [];
    const work = within(limit, never, (signal) => {
      signal.addEventListener('abort', () => told.push(signal.reason));
      return new Promise(() => undefined);
    });
    for (const ring of alarms) ring();
    await expect(work).rejects.toThrow('late');
    expect(told).toEqual([new Error('late')]);
  });

  it('gives up when the outer signal fires, and does not begin after it has', async () => {
    const { limit } = bench();
    const outer = new AbortController();
    const work = within(limit, outer.signal, () => new Promise(() => undefined));
    outer.abort(new Error('closing'));
    await expect(work).rejects.toThrow('closing');
    await expect(within(limit, outer.signal, async () => 7)).rejects.toThrow('closing');
  });

  it('leaves nothing behind on the outer signal, however the work ends', async () => {
    const { alarms, limit } = bench();
    const outer = new AbortController().signal;
    await within(limit, outer, async () => 7);
    await within(limit, outer, () => Promise.reject(new Error('own'))).catch(() => undefined);
    const late = within(limit, outer, () => new Promise(() => undefined));
    for (const ring of alarms) ring();
    await expect(late).rejects.toThrow('late');
    expect(getEventListeners(outer, 'abort')).toEqual([]);
  });
});
