import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { eventually, temporaryDirectory } from '@plumbline/testing';
import { StartError, Supervisor } from '../src/processes/supervisor.ts';
import { refuseTakenPorts } from '../src/processes/taken-ports.ts';

let directory: string;
let supervisor: Supervisor;
let restarts: string[];

beforeEach(async () => {
  directory = await temporaryDirectory();
  restarts = [];
  supervisor = new Supervisor({
    logDirectory: join(directory, 'logs'),
    claimDirectory: join(directory, 'claims'),
    onRestart: (name, how) => restarts.push(`${name}: ${how}`),
  });
});
afterEach(() => supervisor.stop());

/** A program that answers 200 on a port of its own and ends when told to. */
async function program(source = '') {
  const port = await freePort();
  const script = join(directory, `program-${port}.mjs`);
  await writeFile(
    script,
    `import { createServer } from 'node:http';
     ${source}
     const server = createServer((_request, response) => response.end('ok')).listen(${port}, '127.0.0.1');
     process.on('SIGTERM', () => server.close(() => process.exit(0)));
    `,
  );
  return { name: 'program', script, env: {}, readyUrl: `http://127.0.0.1:${port}/` };
}

describe('the supervisor', () => {
  it('starts a program again after it was killed', async () => {
    await supervisor.start(await program());
    const first = pidOf('program');
    process.kill(first, 'SIGKILL');
    await eventually(
      () => supervisor.pidOf('program') !== undefined && supervisor.pidOf('program') !== first,
    );
    expect(restarts).toEqual(['program: signal SIGKILL']);
  });

  it('ends every program when it stops, and starts none again', async () => {
    await supervisor.start(await program());
    const pid = pidOf('program');
    await supervisor.stop();
    expect(() => process.kill(pid, 0)).toThrow('ESRCH');
    expect(restarts).toEqual([]);
  });

  it('gives up on a misconfigured program and shows what it said', async () => {
    const misconfigured = await program(`console.error('GRPC_PORT is wrong'); process.exit(78);`);
    const failure: unknown = await supervisor.start(misconfigured).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(StartError);
    expect(String(failure)).toContain('GRPC_PORT is wrong');
  });
});

describe('a start after a killed one', () => {
  it('stops what that left running', async () => {
    const { script, readyUrl } = await program();
    const orphan = spawn(process.execPath, [script], { detached: true, stdio: 'ignore' });
    const ended = once(orphan, 'exit');
    await eventually(async () => (await fetch(readyUrl)).ok);
    await claimed(orphan.pid ?? 0, await endedProcess());
    await supervisor.reclaim([{ name: 'program', script }]);
    expect(await ended).toEqual([0, null]);
  });

  it('refuses while the owner of what runs is alive, and leaves strangers alone', async () => {
    const { script, readyUrl } = await program();
    const theirs = spawn(process.execPath, [script], { detached: true, stdio: 'ignore' });
    const ended = once(theirs, 'exit');
    await eventually(async () => (await fetch(readyUrl)).ok);
    await claimed(theirs.pid ?? 0, process.pid);
    await expect(supervisor.reclaim([{ name: 'program', script }])).rejects.toMatchObject({
      reason: 'ALREADY_RUNNING',
    });
    await supervisor.reclaim([{ name: 'program', script: '/another/script.mjs' }]);
    expect(theirs.exitCode).toBeNull();
    theirs.kill('SIGKILL');
    await ended;
  });

  it('names every taken port and another block', async () => {
    const stranger = createServer().listen(0, '127.0.0.1');
    await once(stranger, 'listening');
    const { port } = stranger.address() as { port: number };
    const failure: unknown = await refuseTakenPorts(port - 21).catch((error: unknown) => error);
    stranger.close();
    expect(failure).toBeInstanceOf(StartError);
    expect(String(failure)).toMatch(new RegExp(`\\b${port}\\b.*--base-port \\d+`));
  });
});

function pidOf(name: string): number {
  const pid = supervisor.pidOf(name);
  if (pid === undefined) throw new Error(`${name} does not run`);
  return pid;
}

async function claimed(pid: number, owner: number): Promise<void> {
  await writeFile(join(directory, 'claims', 'program.claim'), JSON.stringify({ pid, owner }));
}

/** The id of a process that was there and is no more. */
async function endedProcess(): Promise<number> {
  const child = spawn(process.execPath, ['-e', '']);
  await once(child, 'exit');
  return child.pid ?? 0;
}

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { port: number };
      server.close(() => resolve(port));
    });
  });
}
