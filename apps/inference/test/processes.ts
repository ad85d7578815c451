import { readdirSync, readFileSync } from 'node:fs';

/** Of /proc/<pid>/stat, counted from the field behind the name, which may hold spaces. */
const PARENT = 1;
const NICE = 16;
const RESIDENT_PAGES = 21;
const PAGE_BYTES = 4096;

/** Of a process or one of its threads; empty for one that has ended. */
function statOf(path: string): readonly number[] {
  try {
    return readFileSync(`/proc/${path}/stat`, 'latin1')
      .replace(/^.*\) /, '')
      .split(' ')
      .map(Number);
  } catch {
    return [];
  }
}

/** Ids of the processes that this one started and that have not ended. */
export function children(): string[] {
  const ids = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  return ids.filter((id) => statOf(id)[PARENT] === process.pid);
}

export function residentBytes(processId: string): number {
  return (statOf(processId)[RESIDENT_PAGES] ?? 0) * PAGE_BYTES;
}

export function nicenessOf(processId: string): number | undefined {
  return statOf(processId)[NICE];
}

/** Of all threads of the process. */
export function threadsNicenessOf(processId: string): (number | undefined)[] {
  return readdirSync(`/proc/${processId}/task`).map((id) => nicenessOf(`${processId}/task/${id}`));
}
