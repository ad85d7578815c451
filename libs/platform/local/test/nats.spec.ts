import { describe, expect, it } from '@jest/globals';
import { once } from 'node:events';
import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { connectEvents } from '@plumbline/events';
import { eventually, silentLog, temporaryDirectory } from '@plumbline/testing';
import { checkNats, findNatsServer, freePort, startNats } from '../src/index.ts';

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

describe('checkNats', () => {
  const serving = async (greeting: string) => {
    const server = createServer((socket) => socket.end(greeting)).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as { port: number };
    return { url: `nats://127.0.0.1:${port}`, close: () => server.close() };
  };

  it('says that nobody answers, or somebody who is no NATS server', async () => {
    const stranger = await serving('220 smtp ready\r\n');
    await expect(checkNats('nats://127.0.0.1:1')).rejects.toMatchObject({ reason: 'NATS_UNREACHABLE' });
    await expect(checkNats(stranger.url)).rejects.toMatchObject({ reason: 'NATS_UNREACHABLE' });
    stranger.close();
  });

  it('says that JetStream is off, unless another of the servers has it', async () => {
    const plain = await serving('INFO {"server_id":"a","version":"2.10.1"} \r\n');
    const able = await serving('INFO {"server_id":"b","version":"2.10.1","jetstream":true} \r\n');
    await expect(checkNats(plain.url)).rejects.toMatchObject({ reason: 'JETSTREAM_MISSING' });
    await checkNats(`${plain.url},${able.url}`);
    plain.close();
    able.close();
  });
});
