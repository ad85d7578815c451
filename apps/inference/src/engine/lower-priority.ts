import { readlinkSync } from 'node:fs';
import { setPriority } from 'node:os';

/**
 * Has the scheduler prefer others to the calling thread and to all threads that it starts from now on; threads that
 * are there already keep what they have. Linux alone gives threads a priority of their own.
 * @param niceness from 0, which changes nothing, to 19.
 */
export function lowerPriority(niceness: number): void {
  if (niceness === 0) return;
  const [threadId] = readlinkSync('/proc/thread-self').split('/').slice(-1);
  setPriority(Number(threadId), niceness);
}
