import { gzipSync } from 'node:zlib';
import { afterEach, describe, expect, it } from '@jest/globals';
import { TestService } from '@plumbline/contract-grpc-testing';
import { implementRaw } from '../src/index.ts';
import { CREDENTIALS, MIB, UNARY, admitting, frame, open, rawSession, roundTrip } from './raw-call.ts';
import { closeAll, serveImplementations } from './serve.ts';

afterEach(closeAll);

const GZIP = { ...CREDENTIALS, 'grpc-encoding': 'gzip' };

/** A compressed message that is much longer than what is sent of it. */
function bomb(sizeBytes: number): Buffer {
  const compressed = gzipSync(Buffer.alloc(sizeBytes));
  const message = frame(compressed.length);
  message.writeUInt8(1);
  compressed.copy(message, 5);
  return message;
}

/** Unary calls that are answered once they are let go. */
function heldCalls() {
  const { promise, resolve: letGo } = Promise.withResolvers<void>();
  const held = implementRaw(TestService, {
    UnaryCall: async () => {
      await promise;
      return Buffer.alloc(0);
    },
  });
  return { held, letGo };
}

describe('bytes of requests', () => {
  it('are refused beyond the budget with RetryInfo, while small calls are taken', async () => {
    const { client, port } = await admitting({ maxRequestBytes: 10 * MIB });
    const session = rawSession(port);
    const held = [open(session, UNARY), open(session, UNARY)];
    const begun = frame(4 * MIB, 3 * MIB);
    await Promise.all(held.map(({ stream }) => new Promise((resolve) => stream.write(begun, resolve))));
    const large = { payload: { body: new Uint8Array(3 * MIB) } };
    await roundTrip(session);
    await expect(client.unaryCall(large)).rejects.toMatchObject({
      codeName: 'RESOURCE_EXHAUSTED',
      reason: 'TOO_MANY_REQUEST_BYTES',
      retryAfterMs: 1_000,
    });
    await expect(client.unaryCall({})).resolves.toMatchObject({ username: 'answered' });
    for (const { stream } of held) stream.close();
    await roundTrip(session);
    await expect(client.unaryCall(large)).resolves.toMatchObject({ username: 'answered' });
  });

  it('count until the call ends, whole requests too', async () => {
    const { held, letGo } = heldCalls();
    const { client } = await serveImplementations([held], { admission: { maxRequestBytes: 6 * MIB } });
    const large = { payload: { body: new Uint8Array(3 * MIB) } };
    const outcomes = Array.from({ length: 3 }, () =>
      client.unaryCall(large).then(
        () => 'answered',
        (error: { reason: string }) => {
          letGo();
          return error.reason;
        },
      ),
    );
    expect((await Promise.all(outcomes)).sort()).toEqual([
      'TOO_MANY_REQUEST_BYTES',
      'TOO_MANY_REQUEST_BYTES',
      'answered',
    ]);
  });

  it('are counted while they decompress, so that many bombs at once take no more', async () => {
    const { held, letGo } = heldCalls();
    const { port } = await serveImplementations([held], { admission: { maxRequestBytes: 4 * MIB } });
    const session = rawSession(port);
    const reasons: (string | undefined)[] = [];
    const answers = Array.from({ length: 20 }, async () => {
      const { stream, answer } = open(session, UNARY, GZIP);
      stream.end(bomb(3 * MIB));
      reasons.push((await answer)[1]);
      if (reasons.length === 19) letGo();
    });
    await Promise.all(answers);
    expect(reasons.slice(0, 19)).toEqual(Array(19).fill('TOO_MANY_REQUEST_BYTES'));
  });

  it('count as what they decompress to', async () => {
    const { port } = await admitting({ maxRequestBytes: 2 * MIB });
    const { stream, answer } = open(rawSession(port), UNARY, GZIP);
    stream.end(bomb(3 * MIB));
    expect(await answer).toEqual(['8', 'TOO_MANY_REQUEST_BYTES']);
  });

  it('of a stream are given back as its messages are taken', async () => {
    const { client } = await admitting({ maxRequestBytes: 2 * MIB });
    const answered = [Promise.withResolvers<void>()];
    const requests = async function* () {
      for (let count = 0; count < 20; count++) {
        yield { payload: { body: new Uint8Array(MIB) } };
        await answered[count]!.promise;
      }
    };
    let answers = 0;
    for await (const _answer of client.fullDuplexCall(requests())) {
      answered.push(Promise.withResolvers());
      answered[answers++]!.resolve();
    }
    expect(answers).toBe(20);
  });

  it('in pieces of one byte count for more than the bytes', async () => {
    const { port } = await admitting({ maxRequestBytes: 100_000 });
    const { stream, answer } = open(rawSession(port), UNARY);
    stream.write(frame(4 * MIB, 0));
    for (let count = 0; count < 5_000 && !stream.destroyed; count++) {
      await new Promise((resolve) => stream.write(Buffer.alloc(1), resolve));
    }
    expect(await answer).toEqual(['8', 'TOO_MANY_REQUEST_BYTES']);
  });
});
