import { once } from 'node:events';
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from '@jest/globals';
import { eventually } from '@plumbline/testing';
import { Children } from '../src/processes/children.ts';

const PARENT = fileURLToPath(new URL('killed-parent.ts', import.meta.url));

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false; // ESRCH
  }
}

describe('the processes of a benchmark', () => {
  it.each(['SIGKILL', 'SIGTERM'] as const)('end with it, also when it ends by %s', async (signal) => {
    const parent = spawn(process.execPath, [PARENT], { stdio: ['ignore', 'pipe', 'inherit'] });
    const [said] = (await once(parent.stdout, 'data')) as [Buffer];
    const pid = Number(said.toString());
    expect(isAlive(pid)).toBe(true);
    parent.kill(signal);
    await eventually(() => !isAlive(pid));
  });

  it('end when it is done with them', async () => {
    const children = await Children.start();
    const { pid } = children.spawn('sleep', ['60']);
    await children.close();
    expect(isAlive(pid as number)).toBe(false);
  });

  it('may be commands that do not exist', async () => {
    const children = await Children.start();
    const [error] = (await once(children.spawn('no-such-command', []), 'error')) as [NodeJS.ErrnoException];
    expect(error.code).toBe('ENOENT');
    await children.close();
  });
});
