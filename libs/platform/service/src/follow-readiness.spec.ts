import { afterEach, describe, expect, it } from '@jest/globals';
import { eventually } from '@plumbline/testing';
import { followReadiness } from './follow-readiness.ts';
import type { Closable } from './lifetime.ts';
import { createReadiness } from './readiness.ts';

let following: Closable | undefined;
afterEach(() => following?.close());

/** A readiness with one dependency, and what a server with one service says by it. */
function bench() {
  const readiness = createReadiness();
  const dependency = { away: false };
  readiness.add('database', () => (dependency.away ? Promise.reject(new Error('away')) : Promise.resolve()));
  const said = new Map<string, string>([
    ['', 'SERVING'],
    ['plumbline.audit.v1.AuditService', 'SERVING'],
  ]);
  const all = (status: string) => [...said.values()].every((one) => one === status);
  const follow = () =>
    (following = followReadiness(readiness, {
      entries: () => [...said],
      set: (service, status) => void said.set(service, status),
    }));
  return { readiness, dependency, said, all, follow };
}

describe('the health of a server', () => {
  it('is NOT_SERVING while the service starts, and SERVING as soon as it has', async () => {
    const { readiness, all, follow } = bench();
    readiness.hold('starting');
    follow();
    expect(all('NOT_SERVING')).toBe(true);
    readiness.hold(undefined);
    await eventually(() => all('SERVING'));
    readiness.hold('draining');
    await eventually(() => all('NOT_SERVING'));
  });

  it('follows a dependency that goes and comes back', async () => {
    const { dependency, all, follow } = bench();
    follow();
    await eventually(() => all('SERVING'));
    dependency.away = true;
    await eventually(() => all('NOT_SERVING'));
    dependency.away = false;
    await eventually(() => all('SERVING'));
  });

  it('stays as it is once closed', async () => {
    const { readiness, all, follow } = bench();
    const closable = follow();
    await eventually(() => all('SERVING'));
    await closable.close();
    readiness.hold('draining');
    await readiness.report();
    expect(all('SERVING')).toBe(true);
  });
});
