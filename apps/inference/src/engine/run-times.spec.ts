import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { machineUs, timesOf } from './run-times.ts';

const us = fc.integer({ min: 0, max: 1_000_000 });

describe('timesOf', () => {
  it('tells the wait from the run where the runner tells the truth', () => {
    expect(timesOf({ startedUs: 130, inputUs: 5, inferUs: 40 }, 100, 200)).toEqual({
      waitedUs: 30,
      inputUs: 5,
      inferUs: 40,
    });
  });

  it('never tells more than has passed, nor less than nothing, whatever the runner says', () => {
    fc.assert(
      fc.property(us, us, us, us, us, (startedUs, inputUs, inferUs, handedUs, tookUs) => {
        const told = timesOf({ startedUs, inputUs, inferUs }, handedUs, handedUs + tookUs);
        const parts = [told.waitedUs, told.inputUs, told.inferUs];
        expect(parts.every((part) => part >= 0)).toBe(true);
        expect(parts.reduce((sum, part) => sum + part, 0)).toBeLessThanOrEqual(tookUs);
      }),
    );
  });
});

describe('machineUs', () => {
  it('is one clock for all threads', async () => {
    const beforeUs = machineUs();
    const worker = new Worker(
      "require('node:worker_threads').parentPort.postMessage(process.hrtime.bigint() / 1000n)",
      { eval: true },
    );
    const [there] = (await once(worker, 'message')) as [bigint];
    await worker.terminate();
    expect(Number(there)).toBeGreaterThanOrEqual(beforeUs - 1);
    expect(Number(there)).toBeLessThanOrEqual(machineUs());
  });
});
