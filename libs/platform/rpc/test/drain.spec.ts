import { connect as connectHttp2 } from 'node:http2';
import { afterEach, describe, expect, it } from '@jest/globals';
import { TestService } from '@plumbline/contract-grpc-testing';
import { eventually } from '@plumbline/testing';
import { createClient, type CallContext } from '../src/index.ts';
import { adopt, closeAll, connect, serve } from './serve.ts';

afterEach(closeAll);

/** A handler that waits until the test lets it go. */
function gate() {
  const { promise: opened, resolve: open } = Promise.withResolvers<void>();
  const { promise: entered, resolve: enter } = Promise.withResolvers<CallContext>();
  const emptyCall = async (_request: unknown, context: CallContext): Promise<object> => {
    enter(context);
    await opened;
    return {};
  };
  return { emptyCall, entered, open };
}

describe.each([false, true])('drain (coalesced: %s)', (coalesce) => {
  it('lets calls in flight finish and refuses new connections', async () => {
    const { emptyCall, entered, open } = gate();
    const { server, client, address } = await serve({ emptyCall }, {}, { coalesce });
    const answer = client.emptyCall({});
    await entered;
    const drained = server.drain(10_000);
    expect(server.health.get('')).toBe('NOT_SERVING');
    const late = createClient(TestService, connect(address, { coalesce }));
    await expect(late.emptyCall({}, { timeoutMs: 2_000 })).rejects.toMatchObject({
      reason: 'CONNECTION_LOST',
    });
    open();
    await expect(answer).resolves.toBeDefined();
    await drained;
  });

  it('cancels what is left after the grace period', async () => {
    const { emptyCall, entered } = gate();
    const { server, client } = await serve({ emptyCall }, {}, { coalesce });
    const answer = client.emptyCall({});
    const refused = expect(answer).rejects.toMatchObject({
      codeName: 'UNAVAILABLE',
      reason: 'SHUTTING_DOWN',
    });
    const { signal } = await entered;
    await server.drain(20);
    await refused;
    expect(signal.aborted).toBe(true);
  });

  it('answers every call that it ran, also those that arrive while it drains', async () => {
    let ran = 0;
    const emptyCall = (): object => {
      ran++;
      return {};
    };
    const { client, server } = await serve({ emptyCall }, {}, { coalesce });
    const { promise: busy, resolve: isBusy } = Promise.withResolvers<void>();
    let answered = 0;
    const callUntilRefused = async (): Promise<unknown> => {
      for (;;) {
        try {
          await client.emptyCall({});
          if (++answered === 500) isBusy();
        } catch (error) {
          return error;
        }
      }
    };
    const callers = Array.from({ length: 20 }, callUntilRefused);
    await busy;
    await server.drain(10_000);
    for (const refusal of await Promise.all(callers))
      expect(refusal).toMatchObject({ reason: 'CONNECTION_LOST' });
    expect(answered).toBe(ran);
  });
});

describe('keepalive', () => {
  it('leaves calls alone that a drain waits for, on both sides', async () => {
    const keepalive = { intervalMs: 20, timeoutMs: 5_000 };
    const { emptyCall, entered, open } = gate();
    const { server, client } = await serve({ emptyCall }, { keepalive }, { keepalive });
    const { port } = await serve({}, { keepalive });
    const answer = client.emptyCall({});
    await entered;
    const drained = server.drain(10_000);
    // The pings of a server that does not drain are the clock.
    const session = connectHttp2(`http://127.0.0.1:${port}`);
    adopt({ close: () => session.destroy() });
    let pings = 0;
    session.on('ping', () => pings++);
    await eventually(() => pings >= 3);
    open();
    await expect(answer).resolves.toBeDefined();
    await drained;
  });
});

describe('close', () => {
  it('fails calls in flight on the client with CALL_CANCELLED', async () => {
    for (const coalesce of [false, true]) {
      const { emptyCall, entered } = gate();
      const { client, channel } = await serve({ emptyCall }, {}, { coalesce });
      const answer = client.emptyCall({});
      const refused = expect(answer).rejects.toMatchObject({ codeName: 'CANCELLED' });
      await entered;
      channel.close();
      await refused;
    }
  });
});
