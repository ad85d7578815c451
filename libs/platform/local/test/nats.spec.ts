import { describe, expect, it } from '@jest/globals';
import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { connectEvents } from '@plumbline/events';
import { eventually, silentLog, temporaryDirectory } from '@plumbline/testing';
import { findNatsServer, freePort, startNats } from '../src/index.ts';

async function fakeServer(script: string): Promise<string> {
  const path = join(await temporaryDirectory(), 'nats-server');
  await writeFile(path, `#!/bin/sh\n${script}\n`);
  await chmod(path, 0o755);
  return path;
}

describe('findNatsServer', () => {
  it('prefers the one that NATS_SERVER names', async () => {
    const path = await fakeServer('echo "nats-server: v2.12.3"');
    expect(findNatsServer({ NATS_SERVER: path })).toEqual({ path, version: '2.12.3' });
  });

  it('says how to get one when there is none', () => {
    expect(() => findNatsServer({ NATS_SERVER: '/nonexistent/nats-server' })).toThrow(
      expect.objectContaining({
        reason: 'NATS_SERVER_MISSING',
        message: expect.stringMatching(/apt-get install nats-server.*NATS_URL/) as unknown,
      }),
    );
  });
});

describe('startNats', () => {
  it('serves JetStream and keeps its streams over a restart', async () => {
    const storeDirectory = join(await temporaryDirectory(), 'nats');
    const port = await freePort(0, 'a test');
    const publish = async (): Promise<bigint> => {
      const server = await startNats({ storeDirectory, port });
      const bus = await connectEvents({ url: server.url, service: 'test', log: silentLog });
      const { sequence } = await eventually(() => bus.publish('plumbline.test.x', 'id', Buffer.from('x')));
      await bus.close();
      await server.close();
      return sequence;
    };
    expect(await publish()).toBe(1n);
    expect(await publish()).toBe(1n); // recognised as a repetition, so the stream was kept
  });

  it('tells what the log says when it cannot start', async () => {
    const directory = await temporaryDirectory();
    await mkdir(join(directory, 'nats'));
    const server = { path: await fakeServer('echo "boom" >&2; exit 3'), version: '2.9.10' };
    await expect(
      startNats({ storeDirectory: join(directory, 'nats'), port: 0, server }),
    ).rejects.toMatchObject({
      reason: 'NATS_FAILED',
      message: expect.stringContaining('boom'),
    });
  });
});
