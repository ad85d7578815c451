import { refuseTakenPorts } from '../src/processes/taken-ports.ts';
import { StartError } from '../src/processes/supervisor.ts';

/** Below the ports that systems hand out by themselves, which anyone may take at any moment. */
const FIRST = 10_000;
const LAST = 30_900;
/** More than a deployment's ports span. */
const BLOCK = 70;
const BLOCKS = (LAST - FIRST) / BLOCK;

/** A base port with a free block behind it; suites that run beside this one, in other processes, begin elsewhere. */
export async function freeBasePort(): Promise<number> {
  for (let block = 0; block < BLOCKS; block++) {
    const basePort = FIRST + ((process.pid + block) % Math.floor(BLOCKS)) * BLOCK;
    try {
      await refuseTakenPorts(basePort);
      return basePort;
    } catch (error) {
      if (!(error instanceof StartError)) throw error;
    }
  }
  throw new Error(`no block of ports is free between ${FIRST} and ${LAST}`);
}
