import { describe, expect, it } from '@jest/globals';
import { recordingLog } from '@plumbline/testing';
import type { ReadonlyMetadata } from './metadata.ts';
import { ServerCallContext } from './server-call-context.ts';

function contextWith(requestId: string): ServerCallContext {
  const requestMetadata: ReadonlyMetadata = {
    get: (name) => (name === 'plumbline-request-id' ? requestId : undefined),
    getBinary: () => undefined,
    entries: () => [],
  };
  return new ServerCallContext({ method: 'm', requestMetadata, timeoutMs: Infinity, log: recordingLog() });
}

describe('the request id of a call', () => {
  it('is the caller’s, cut to 128 characters', () => {
    expect(contextWith('r-1').requestId).toBe('r-1');
    expect(contextWith('r'.repeat(200)).requestId).toBe('r'.repeat(128));
  });

  it.each(['', 'ü', 'a\nb'])('is minted instead of %j, which could not go on as metadata', (received) => {
    expect(contextWith(received).requestId).toMatch(/^[0-9a-f-]{36}$/);
  });
});
