import { once } from 'node:events';
import { afterEach, describe, expect, it } from '@jest/globals';
import { TestService } from '@plumbline/contract-grpc-testing';
import { createClient, type CallContext } from '../src/index.ts';
import { closeAll, connect, serve } from './serve.ts';

afterEach(closeAll);

const DEFAULT_DEADLINE_MS = 30_000;
/** Neither the default nor the longest that a server takes, and far from both. */
const DISTANT_MS = 400_000;

/** Resolves when a handler has been entered, and lets the test see its context. */
function captureContext() {
  const { promise, resolve } = Promise.withResolvers<CallContext>();
  return { entered: promise, capture: resolve };
}

const untilAborted = (signal: AbortSignal): Promise<unknown> => once(signal, 'abort');

describe.each([false, true])('the call context (coalesced: %s)', (coalesce) => {
  it('carries tenant, caller, request id and trace from the caller', async () => {
    const { entered, capture } = captureContext();
    const { client } = await serve(
      {
        emptyCall: (_request, context) => {
          capture(context);
          return {};
        },
      },
      {},
      { coalesce },
    );
    const metadata = {
      'plumbline-request-id': 'r-1',
      'plumbline-caller': 'api-key:k1',
      traceparent: `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01`,
    };
    await client.emptyCall({}, { tenant: 'acme', metadata });
    const context = await entered;
    expect(context).toMatchObject({
      tenant: 'acme',
      caller: { id: 'k1', kind: 'api-key', via: 'gateway', scopes: [] },
      requestId: 'r-1',
      traceparent: metadata.traceparent,
      method: 'grpc.testing.TestService/EmptyCall',
    });
  });

  it('carries a caller of any name over a further hop', async () => {
    const { entered, capture } = captureContext();
    const back = await serve({
      emptyCall: (_request, context) => {
        capture(context);
        return {};
      },
    });
    const onward = createClient(TestService, connect(back.address, { coalesce }));
    const caller = { id: 'Überwachung, 100 % 夜', kind: 'api-key', scopes: [] } as const;
    const front = await serve(
      { emptyCall: (request, context) => onward.emptyCall(request, { context }) },
      { authenticate: () => ({ caller, tenant: 'acme' }) },
    );
    await front.client.emptyCall({});
    expect((await entered).caller).toEqual({ ...caller, via: 'gateway' });
  });

  it('aborts its signal when the client cancels, and the client sees its own reason', async () => {
    const { entered, capture } = captureContext();
    const { client } = await serve(
      {
        emptyCall: async (_request, context) => {
          capture(context);
          await untilAborted(context.signal);
          return {};
        },
      },
      {},
      { coalesce },
    );
    const controller = new AbortController();
    const answer = client.emptyCall({}, { signal: controller.signal });
    const { signal } = await entered;
    const aborted = untilAborted(signal);
    controller.abort();
    await expect(answer).rejects.toMatchObject({ reason: 'CALL_CANCELLED' });
    await aborted;
    expect(signal.reason).toMatchObject({ reason: 'CALL_CANCELLED' });
  });

  it('answers DEADLINE_EXCEEDED although the handler ignores its signal', async () => {
    // On a slow machine a short deadline may pass before the handler is entered, which is another case.
    const entered: CallContext[] = [];
    for (let maxDeadlineMs = 30; entered.length === 0; maxDeadlineMs *= 10) {
      const { client, log } = await serve(
        {
          emptyCall: async (_request, context) => {
            entered.push(context);
            await new Promise(() => undefined);
            return {};
          },
        },
        { limits: { maxDeadlineMs } },
        { coalesce },
      );
      await expect(client.emptyCall({}, { timeoutMs: 600_000 })).rejects.toMatchObject({
        reason: 'DEADLINE_EXPIRED',
        codeName: 'DEADLINE_EXCEEDED',
      });
      expect(log.lines.at(-1)?.fields).toMatchObject({
        code: 'DEADLINE_EXCEEDED',
        reason: 'DEADLINE_EXPIRED',
      });
    }
    expect(entered[0]?.remainingMs()).toBe(0);
  });

  it('propagates deadline, identity and cancellation over a further hop', async () => {
    const { entered, capture } = captureContext();
    const back = await serve({
      emptyCall: async (_request, context) => {
        capture(context);
        await untilAborted(context.signal);
        return {};
      },
    });
    const onward = createClient(TestService, connect(back.address, { coalesce }));
    const front = await serve({ emptyCall: (request, context) => onward.emptyCall(request, { context }) });
    const controller = new AbortController();
    const answer = front.client.emptyCall(
      {},
      { tenant: 'acme', timeoutMs: DISTANT_MS, signal: controller.signal },
    );
    const inner = await entered;
    expect(inner.tenant).toBe('acme');
    expect(inner.caller).toMatchObject({ id: 'gateway', kind: 'service', via: 'gateway' });
    expect(inner.remainingMs()).toBeGreaterThan(DEFAULT_DEADLINE_MS);
    expect(inner.remainingMs()).toBeLessThanOrEqual(DISTANT_MS);
    const aborted = untilAborted(inner.signal);
    controller.abort();
    await expect(answer).rejects.toMatchObject({ reason: 'CALL_CANCELLED' });
    await aborted;
  });

  it('refuses a call whose time is up before it is sent', async () => {
    const { client } = await serve({ emptyCall: () => ({}) }, {}, { coalesce });
    await expect(client.emptyCall({}, { timeoutMs: 0 })).rejects.toMatchObject({
      reason: 'DEADLINE_EXPIRED',
    });
  });

  it('hides unknown errors from the caller and logs them in the one line of the call', async () => {
    const { client, log } = await serve(
      {
        emptyCall: () => {
          throw new Error('password is hunter2');
        },
      },
      {},
      { coalesce },
    );
    await expect(client.emptyCall({}, { tenant: 'acme' })).rejects.toMatchObject({
      codeName: 'INTERNAL',
      reason: 'INTERNAL',
      message: 'internal error',
    });
    expect(log.lines).toHaveLength(1);
    expect(log.lines[0]).toMatchObject({
      level: 'error',
      fields: { code: 'INTERNAL', tenant: 'acme', error: { message: 'password is hunter2' } },
    });
  });

  it('returns trailers on success and on failure', async () => {
    const { client } = await serve(
      {
        unaryCall: ({ responseSize }, { responseTrailers }) => {
          responseTrailers.set('x-model', 'flights');
          responseTrailers.set('x-digest-bin', Buffer.from([1, 2, 255]));
          if (responseSize > 0) throw new Error('fails');
          return {};
        },
      },
      {},
      { coalesce },
    );
    const seen: unknown[] = [];
    const onTrailers = (trailers: { get(name: string): unknown; getBinary(name: string): unknown }): void => {
      seen.push([trailers.get('x-model'), trailers.getBinary('x-digest-bin')]);
    };
    await client.unaryCall({}, { onTrailers });
    await expect(client.unaryCall({ responseSize: 1 }, { onTrailers })).rejects.toThrow();
    const expected = ['flights', Buffer.from([1, 2, 255])];
    expect(seen).toEqual([expected, expected]);
  });
});
