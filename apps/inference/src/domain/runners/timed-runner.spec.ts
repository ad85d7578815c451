import { describe, expect, it } from '@jest/globals';
import { FakeRunner } from '../../../test/fake-runner.ts';
import { layOutBatch } from './batch-buffer.ts';
import { RunnerLost, RunTimedOut } from './runner.ts';
import { TimedRunner } from './timed-runner.ts';

const ROW = [
  [1, 1],
  [1, 1],
];

/** A runner whose runs end when told, and an alarm that rings when told. */
function bench() {
  const ends: (() => void)[] = [];
  const fake = new FakeRunner({ before: () => new Promise((resolve) => ends.push(resolve)) });
  const alarms = new Set<() => void>();
  const timed = new TimedRunner(fake, 100, (_ms, ring) => {
    alarms.add(ring);
    return () => alarms.delete(ring);
  });
  const run = () => timed.run(layOutBatch(timed.signature, ROW, [], 1));
  const end = async () => {
    while (ends.length === 0) await Promise.resolve();
    ends.shift()?.();
  };
  return { fake, alarms, run, end };
}

describe('TimedRunner', () => {
  it('gives each run its own time, from the end of the run before', async () => {
    const { fake, alarms, run, end } = bench();
    const runs = [run(), run()];
    const [first] = alarms;
    await end();
    await runs[0];
    expect(alarms.size).toBe(1);
    expect(alarms.has(first as () => void)).toBe(false);
    await end();
    await runs[1];
    expect(alarms.size).toBe(0);
    expect(fake.abandoned).toBe(false);
  });

  it('abandons the runner of a late run: that one is timed out, those behind it are lost', async () => {
    const { fake, alarms, run } = bench();
    const runs = Promise.allSettled([run(), run()]);
    for (const ring of alarms) ring();
    const [late, behind] = (await runs).map((result) => (result as PromiseRejectedResult).reason as Error);
    expect(late).toBeInstanceOf(RunTimedOut);
    expect(behind).toBeInstanceOf(RunnerLost);
    expect(behind).not.toBeInstanceOf(RunTimedOut);
    expect(fake.abandoned).toBe(true);
    expect(alarms.size).toBe(0);
  });
});
