import { describe, expect, it } from '@jest/globals';
import { busyMachine } from './busy-machine.ts';

describe('a machine that is measured on', () => {
  it.each([
    [0, 2],
    [0.5, 2],
    [2, 16],
  ])('with a load average of %d on %d cores is idle enough', (loadAverage, cores) => {
    expect(busyMachine(loadAverage, cores)).toBeUndefined();
  });

  it('is said to be busy where others take more than a quarter of it', () => {
    expect(busyMachine(0.6, 2)).toMatch(/busy \(load average 0\.6 on 2 cores\)/);
  });
});
