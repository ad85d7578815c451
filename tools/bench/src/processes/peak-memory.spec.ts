import { describe, expect, it } from '@jest/globals';
import { BenchError } from '../bench-error.ts';
import { peakBytes } from './peak-memory.ts';

const MIB = 2 ** 20;

describe('the peak of memory', () => {
  it('stays when the memory is given back', () => {
    const before = peakBytes(process.pid);
    const used = Math.max(before - process.memoryUsage().rss, 0) + 64 * MIB;
    let buffer: Buffer | undefined = Buffer.alloc(used, 1);
    const held = peakBytes(process.pid);
    expect(buffer.length).toBe(used);
    buffer = undefined;
    expect(held).toBeGreaterThan(before + 32 * MIB);
    expect(peakBytes(process.pid)).toBeGreaterThanOrEqual(held);
  });

  it('is unknown of a process that is not there', () => {
    expect(() => peakBytes(0x7fffffff)).toThrow(BenchError);
  });
});
