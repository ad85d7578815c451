import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type AddressInfo, type Server } from 'node:net';
import { mkdir, realpath, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { temporaryDirectory } from '@plumbline/testing';

// The service as a person starts it, from another directory than the checkout, with a setting that cannot be.

const ROOT = join(import.meta.dirname, '../../..');

interface Ended {
  readonly status: number | null;
  /** What the person reads who started it; the log is on the other stream. */
  readonly said: string;
}

async function start(directory: string, settings: Readonly<Record<string, string>>): Promise<Ended> {
  const child = spawn(process.execPath, [join(ROOT, 'tools/node.mjs'), 'apps/inference/src/main.ts'], {
    cwd: directory,
    stdio: ['ignore', 'ignore', 'pipe'],
    env: {
      PATH: process.env['PATH'],
      GRPC_PORT: '0',
      ADMIN_PORT: '0',
      HTTP_PORT: '0',
      STATE_DIR: directory,
      ...settings,
    },
  });
  let said = '';
  child.stderr.on('data', (chunk: Buffer) => (said += chunk.toString()));
  const [status] = (await once(child, 'close')) as [number | null];
  return { status, said };
}

async function listen(port: number): Promise<Server> {
  const server = createServer().listen(port, '127.0.0.1');
  await once(server, 'listening');
  return server;
}

/** A port that something listens on while the work goes on; nothing does two below it. */
async function withTakenPort(work: (port: number) => Promise<void>): Promise<void> {
  const taken = await listen(0);
  const { port } = taken.address() as AddressInfo;
  try {
    const below = await listen(port - 2).catch((error: unknown) => {
      if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error;
      return undefined; // somebody else's: another pair is tried
    });
    if (below === undefined) return await withTakenPort(work);
    below.close();
    await once(below, 'close');
    await work(port);
  } finally {
    taken.close();
  }
}

describe('a start', () => {
  it.each([
    ['does not exist', 'models', 'MODEL_REPOSITORY="<here>/models" does not exist'],
    ['is a file', 'file', 'MODEL_REPOSITORY="<here>/file" is no folder'],
    [
      'lies in another store',
      's3://bucket/models',
      'MODEL_REPOSITORY="s3://bucket/models" is no folder of this',
    ],
  ])('ends with status 78 where the folder of models %s', async (_, repository, message) => {
    const here = await realpath(await temporaryDirectory());
    await writeFile(join(here, 'file'), '');
    const { status, said } = await start(here, { MODEL_REPOSITORY: repository });
    expect(said).toContain(message.replace('<here>', here));
    expect(status).toBe(78);
  });

  it.each(['GRPC_PORT', 'HTTP_PORT'])('names %s alone where it is taken', async (setting) => {
    const here = await temporaryDirectory();
    await mkdir(join(here, 'models'));
    await withTakenPort(async (port) => {
      const { status, said } = await start(here, { MODEL_REPOSITORY: 'models', [setting]: `${port}` });
      expect(said).toBe(
        `inference cannot start: ${setting} ${port} on 127.0.0.1 is taken: end what listens there, or set another\n`,
      );
      expect(status).toBe(1);
    });
  });

  it('names HTTP_PORT where its default is taken', async () => {
    const here = await temporaryDirectory();
    await mkdir(join(here, 'models'));
    await withTakenPort(async (port) => {
      const settings = { MODEL_REPOSITORY: 'models', GRPC_PORT: `${port - 2}`, HTTP_PORT: '' };
      expect((await start(here, settings)).said).toContain(`HTTP_PORT ${port} on 127.0.0.1 is taken`);
    });
  });
});
