import { describe, expect, it } from '@jest/globals';
import { recordingLog } from '@plumbline/testing';
import fc from 'fast-check';
import { MetadataMap } from '../context/metadata.ts';
import { ServerCallContext } from '../context/server-call-context.ts';
import { rpcErrors } from '../errors.ts';
import { InFlightCalls } from './in-flight.ts';

const shuttingDown = rpcErrors.SHUTTING_DOWN('the server is shutting down');

function openCall(): ServerCallContext {
  return new ServerCallContext({
    method: 'test.Service/Call',
    requestMetadata: new MetadataMap(),
    timeoutMs: Infinity,
    log: recordingLog(),
  });
}

describe('the calls in flight', () => {
  it('are those that have entered and not left, as a set would hold them', () => {
    fc.assert(
      fc.property(fc.array(fc.record({ call: fc.nat(5), enters: fc.boolean() })), (steps) => {
        const calls = new InFlightCalls();
        const contexts = Array.from({ length: 6 }, openCall);
        const expected = new Set<ServerCallContext>();
        for (const { call, enters } of steps) {
          const context = contexts[call] as ServerCallContext;
          if (!enters) calls.leave(context);
          else if (!expected.has(context)) calls.enter(context);
          if (enters) expected.add(context);
          else expected.delete(context);
          expect(calls.size).toBe(expected.size);
        }
        calls.cancelAll(shuttingDown);
        for (const context of contexts) expect(context.isCancelled).toBe(expected.has(context));
      }),
    );
  });

  it('may leave while all are cancelled', async () => {
    const calls = new InFlightCalls();
    const contexts = Array.from({ length: 4 }, openCall);
    for (const context of contexts) {
      calls.enter(context);
      context.onCancel(() => contexts.forEach((each) => calls.leave(each)));
    }
    const idle = calls.whenIdle();
    calls.cancelAll(shuttingDown);
    await idle;
    expect(calls.size).toBe(0);
    expect(contexts.every(({ isCancelled }) => isCancelled)).toBe(true);
  });

  it('that come once all are cancelled are cancelled too', () => {
    const calls = new InFlightCalls();
    calls.cancelAll(shuttingDown);
    const context = openCall();
    calls.enter(context);
    expect(context.isCancelled).toBe(true);
    calls.leave(context);
    expect(calls.size).toBe(0);
  });
});
