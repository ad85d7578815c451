// The entry of the keeper: it lives until the bench ends and then kills the processes that the bench has left.
import type { Ward } from './children.ts';

const wards = new Set<number>();

process.on('message', ({ pid, alive }: Ward) => {
  if (alive) wards.add(pid);
  else wards.delete(pid);
});

process.on('disconnect', () => {
  for (const pid of wards) kill(pid);
  process.exit();
});

// From here on nothing that the bench says, nor its end, is missed.
process.send?.('keeping');

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch (error) {
    // It has ended between the bench and now.
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}
