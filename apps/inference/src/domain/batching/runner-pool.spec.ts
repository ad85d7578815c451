import { describe, expect, it } from '@jest/globals';
import { FakeRunner } from '../../../test/fake-runner.ts';
import { DeviceShare } from './device-share.ts';
import { RunnerPool, type RunnerPoolOptions } from './runner-pool.ts';
import { RunnerLost } from '../runners/runner.ts';

function poolOf(runners: number, over: Partial<RunnerPoolOptions> = {}) {
  const made = Array.from({ length: runners }, () => new FakeRunner());
  const events: string[] = [];
  const pool = new RunnerPool(made, {
    reopen: async () => new FakeRunner(),
    depth: 2,
    delay: async () => undefined,
    onFree: () => events.push('free'),
    onLoss: () => events.push('loss'),
    ...over,
  });
  return { pool, made, events };
}

describe('RunnerPool', () => {
  it('gives every runner one run before it gives any a second', () => {
    const { pool, made } = poolOf(2);
    expect([pool.acquire(), pool.acquire(), pool.acquire(), pool.acquire()]).toEqual([...made, ...made]);
    expect(pool.acquire()).toBeUndefined();
    expect(pool).toMatchObject({ live: 2, underWay: 4, idle: 0 });
  });

  it('gives a model no second run while another waits for the device', () => {
    const share = new DeviceShare(1);
    const busy = poolOf(1, { shareOf: () => share });
    const other = poolOf(1, { shareOf: () => share });
    const runner = busy.pool.acquire() as FakeRunner;
    expect(other.pool.acquire()).toBeUndefined();
    expect(busy.pool.acquire()).toBeUndefined();
    busy.pool.release(runner, 10);
    expect(other.events).toEqual(['free']);
    expect(busy.pool.acquire()).toBeUndefined();
    expect(other.pool.acquire()).toBe(other.made[0]);
  });

  it('hands a turn on that came when nothing waits any more', () => {
    const share = new DeviceShare(1);
    const busy = poolOf(1, { shareOf: () => share });
    const other = poolOf(1, { shareOf: () => share });
    const runner = busy.pool.acquire() as FakeRunner;
    other.pool.acquire();
    busy.pool.release(runner, 10);
    other.pool.pass();
    expect(busy.pool.acquire()).toBe(runner);
  });

  it('names the run that a lost runner was running, and gives back its turn', async () => {
    const share = new DeviceShare(1);
    const { pool, events } = poolOf(1, { shareOf: () => share });
    const runner = pool.acquire() as FakeRunner;
    pool.acquire();
    const error = new RunnerLost('gone');
    expect([pool.lose(runner, error, 1), pool.lose(runner, error, 1)]).toEqual([true, false]);
    expect(pool).toMatchObject({ live: 0, underWay: 0, stranded: false });
    expect(share.running).toBe(0);
    while (pool.live === 0) await new Promise((resolve) => setImmediate(resolve));
    expect(events).toEqual(['loss', 'free']);
  });

  it('replaces at once while a batch is halved, and waits where runners are lost without end', async () => {
    const waits: number[] = [];
    const { pool } = poolOf(1, { delay: async (ms) => void waits.push(ms) });
    const lose = async () => {
      pool.lose(pool.acquire() as FakeRunner, new RunnerLost('gone'), 1);
      while (pool.live === 0) await new Promise((resolve) => setImmediate(resolve));
    };
    for (let loss = 0; loss < 12; loss++) await lose();
    expect(waits).toEqual([]);
    await lose();
    await lose();
    expect(waits).toEqual([50, 100]);
    for (let run = 0; run < 3; run++) pool.release(pool.acquire() as FakeRunner, 1);
    await lose();
    expect(waits).toEqual([50, 100]);
  });

  it('is stranded while no runner is left and none could be had', async () => {
    let broken = true;
    const { pool } = poolOf(1, {
      reopen: async () => {
        if (broken) throw new Error('the model is away');
        return new FakeRunner();
      },
      delay: () => new Promise((resolve) => setImmediate(resolve)),
    });
    pool.lose(pool.acquire() as FakeRunner, new RunnerLost('gone'), 0);
    while (!pool.stranded) await new Promise((resolve) => setImmediate(resolve));
    broken = false;
    while (pool.live === 0) await new Promise((resolve) => setImmediate(resolve));
    expect(pool.stranded).toBe(false);
  });
});
