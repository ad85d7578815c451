import { freePort } from '@plumbline/local';
import { hasReason } from '@plumbline/errors';
import { SERVICES } from './services.ts';
import { StartError } from './supervisor.ts';

/** Refuses to start where a port of some service is another process's. @throws StartError with the way out. */
export async function refuseTakenPorts(basePort: number): Promise<void> {
  const ports = SERVICES.flatMap(({ offset }) => [basePort + offset, basePort + offset + 1]);
  const taken: number[] = [];
  for (const port of ports.toSorted((a, b) => a - b)) if (await isTaken(port)) taken.push(port);
  if (taken.length === 0) return;
  const [are, them] = taken.length === 1 ? ['is', 'it'] : ['are', 'them'];
  throw new StartError(
    `Port ${taken.join(', ')} ${are} taken by another process. Stop ${them}, or choose another block of ports: ` +
      `npm start -- --base-port ${elsewhere(basePort)}`,
  );
}

async function isTaken(port: number): Promise<boolean> {
  try {
    await freePort(port, 'a service');
    return false;
  } catch (error) {
    if (hasReason(error, 'PORT_TAKEN')) return true;
    throw error;
  }
}

/** A block of its own, below those that systems hand out by themselves. */
const elsewhere = (basePort: number): number => (basePort + 1_000 < 30_000 ? basePort + 1_000 : 7_400);
