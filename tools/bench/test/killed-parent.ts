// Starts a process that outlives everything, tells its id and waits to be killed.
import { Children } from '../src/processes/children.ts';

const { pid } = (await Children.start()).spawn('sleep', ['600'], { stdio: 'ignore' });
process.stdout.write(`${pid}\n`);
