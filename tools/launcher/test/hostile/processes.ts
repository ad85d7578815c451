import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

export function childrenOf(parent: number): number[] {
  const lines = execFileSync('ps', ['-A', '-o', 'pid=,ppid='], { encoding: 'utf8' }).trim().split('\n');
  return lines
    .map((line) => line.trim().split(/\s+/).map(Number))
    .flatMap(([pid, ppid]) => (pid !== undefined && ppid === parent ? [pid] : []));
}

/** Of the ticks in which Linux counts CPU time. */
const MS_PER_TICK = 10;

/** CPU time that a process has used; 0 where the system does not tell (no /proc). */
export function cpuMs(pid: number): number {
  try {
    const [, afterName = ''] = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ');
    const fields = afterName.split(' ');
    return (Number(fields[11]) + Number(fields[12])) * MS_PER_TICK;
  } catch {
    return 0;
  }
}

/** CPU time of this thread that parsing 13 MB of JSON takes, the least of three. */
export function jsonMs(): number {
  const text = JSON.stringify(Array.from({ length: 1_000_000 }, (_, i) => ({ i })));
  const timesMs = [1, 2, 3].map(() => {
    const before = process.threadCpuUsage();
    JSON.parse(text);
    return process.threadCpuUsage(before).user / 1_000;
  });
  return Math.min(...timesMs);
}
