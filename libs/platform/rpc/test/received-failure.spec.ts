import { createServer } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { gzipSync } from 'node:zlib';
import { afterEach, describe, expect, it } from '@jest/globals';
import { TestService } from '@plumbline/contract-grpc-testing';
import { createClient } from '../src/index.ts';
import { adopt, closeAll, connect, serve } from './serve.ts';

afterEach(closeAll);

const TOO_LARGE = { codeName: 'RESOURCE_EXHAUSTED', reason: 'MESSAGE_TOO_LARGE' };

/** grpc-js tells its own refusals of responses apart by text alone; these hold the texts of the pinned version. */
describe('responses over the limit of the channel', () => {
  const limited = { maxReceiveMessageBytes: 1_000 };

  it.each([false, true])('are MESSAGE_TOO_LARGE for unary calls (coalesced: %s)', async (coalesce) => {
    const { client } = await serve(
      { unaryCall: ({ responseSize }) => ({ payload: { body: new Uint8Array(responseSize) } }) },
      {},
      { ...limited, coalesce },
    );
    await client.unaryCall({ responseSize: 900 });
    await expect(client.unaryCall({ responseSize: 1_001 })).rejects.toMatchObject(TOO_LARGE);
  });

  it('are MESSAGE_TOO_LARGE for streams', async () => {
    const { client } = await serve(
      {
        streamingOutputCall: async function* () {
          yield { payload: { body: new Uint8Array(900) } };
          yield { payload: { body: new Uint8Array(1_001) } };
        },
      },
      {},
      limited,
    );
    const received: unknown[] = [];
    const reading = (async () => {
      for await (const response of client.streamingOutputCall({})) received.push(response);
    })();
    await expect(reading).rejects.toMatchObject(TOO_LARGE);
    expect(received).toHaveLength(1);
  });

  it('are MESSAGE_TOO_LARGE by what they decompress to', async () => {
    const address = await compressingPeer(gzipSync(Buffer.alloc(1_001)));
    const client = createClient(TestService, connect(address, limited));
    await expect(client.unaryCall({})).rejects.toMatchObject(TOO_LARGE);
  });
});

/** Answers every call with one gzipped message. */
async function compressingPeer(message: Buffer): Promise<string> {
  const prefix = Buffer.from([1, 0, 0, 0, 0]);
  prefix.writeUInt32BE(message.length, 1);
  const server = createServer();
  server.on('stream', (stream) => {
    const headers = { ':status': 200, 'content-type': 'application/grpc', 'grpc-encoding': 'gzip' };
    stream.on('error', () => undefined);
    stream.respond(headers, { waitForTrailers: true });
    stream.on('wantTrailers', () => {
      stream.sendTrailers({ 'grpc-status': '0' });
    });
    stream.end(Buffer.concat([prefix, message]));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  adopt(server);
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}
