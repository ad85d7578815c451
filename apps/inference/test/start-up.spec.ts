import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, realpath, writeFile } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { eventually, temporaryDirectory } from '@plumbline/testing';

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

/** A port that something listens on while the work goes on. */
async function withTakenPort<T>(work: (port: number) => Promise<T>): Promise<T> {
  const taken = createServer().listen(0, '127.0.0.1');
  await once(taken, 'listening');
  try {
    return await work((taken.address() as AddressInfo).port);
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
    // The port two below is anybody's: where it is taken as well, another pair is tried.
    const { port, said } = await eventually(() =>
      withTakenPort(async (port) => {
        const settings = { MODEL_REPOSITORY: 'models', GRPC_PORT: `${port - 2}`, HTTP_PORT: '' };
        const { said } = await start(here, settings);
        return said.includes(`GRPC_PORT ${port - 2} on`) ? undefined : { port, said };
      }),
    );
    expect(said).toContain(`HTTP_PORT ${port} on 127.0.0.1 is taken`);
  });
});
