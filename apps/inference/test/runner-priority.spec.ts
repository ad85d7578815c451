import { afterEach, describe, expect, it } from '@jest/globals';
import { probe } from '../src/domain/runners/probe.ts';
import type { Runner } from '../src/domain/runners/runner.ts';
import { TieredEngine } from '../src/engine/tiered-engine.ts';
import { mlpModel } from './models.ts';
import { children, nicenessOf, threadsNicenessOf } from './processes.ts';
import { engineOptions, modelFile } from './runners.ts';

/** That nobody else sets. */
const NICENESS = 7;
const THREADS = 3;
const never = new AbortController().signal;

let engine: TieredEngine;

async function openRun(niceness: number, untrusted: boolean): Promise<Runner> {
  engine = await TieredEngine.start(engineOptions({ niceness }));
  const options = { device: 'cpu', intraOpThreads: THREADS, untrusted };
  const runner = await engine.open(await modelFile(mlpModel([64, 64, 64])), options, never);
  await probe(runner, { shapes: [[64, 64]], raw: [new Uint8Array(64 * 64 * 4)] });
  return runner;
}

afterEach(() => engine.close());

describe('the priority of runners', () => {
  it('is that of the thread that serves where none is set', async () => {
    await openRun(0, false);
    expect(new Set(threadsNicenessOf('self'))).toEqual(new Set([nicenessOf('self')]));
  });

  it('is as set for runner threads and those of the engine in them, and no other’s', async () => {
    await openRun(NICENESS, false);
    const lowered = threadsNicenessOf('self').filter((niceness) => niceness === NICENESS);
    expect(lowered.length).toBeGreaterThanOrEqual(THREADS);
    expect(nicenessOf('self')).toBe(0);
  });

  it('is as set for runner processes, for the thread that carries messages as for the model’s', async () => {
    const before = new Set(children());
    await openRun(NICENESS, true);
    const [process = 'none', ...others] = children().filter((child) => !before.has(child));
    expect(others).toEqual([]);
    expect(nicenessOf(process)).toBe(NICENESS);
    const lowered = threadsNicenessOf(process).filter((niceness) => niceness === NICENESS);
    expect(lowered.length).toBeGreaterThanOrEqual(1 + THREADS);
  });
});
