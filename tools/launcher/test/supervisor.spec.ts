import { writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { eventually, temporaryDirectory } from '@plumbline/testing';
import { StartError, Supervisor } from '../src/processes/supervisor.ts';

let directory: string;
let supervisor: Supervisor;
let restarts: string[];

beforeEach(async () => {
  directory = await temporaryDirectory();
  restarts = [];
  supervisor = new Supervisor({
    logDirectory: join(directory, 'logs'),
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
    const first = supervisor.pidOf('program') ?? 0;
    process.kill(first, 'SIGKILL');
    await eventually(
      () => supervisor.pidOf('program') !== undefined && supervisor.pidOf('program') !== first,
    );
    expect(restarts).toEqual(['program: signal SIGKILL']);
  });

  it('ends every program when it stops, and starts none again', async () => {
    await supervisor.start(await program());
    const pid = supervisor.pidOf('program') ?? 0;
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

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { port: number };
      server.close(() => resolve(port));
    });
  });
}
