import { readFileSync } from 'node:fs';
import { BenchError } from '../bench-error.ts';

/** The most that a process has ever held resident, bytes, as the kernel keeps it (VmHWM). @throws BenchError without it */
export function peakBytes(pid: number): number {
  const kibibytes = /^VmHWM:\s+(\d+) kB$/m.exec(statusOf(pid))?.[1];
  if (kibibytes === undefined) throw new BenchError(`/proc/${pid}/status tells no peak of memory`);
  return 1_024 * Number(kibibytes);
}

function statusOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/status`, 'utf8');
  } catch (error) {
    throw new BenchError(`the peak of memory cannot be read: ${(error as Error).message}`);
  }
}
