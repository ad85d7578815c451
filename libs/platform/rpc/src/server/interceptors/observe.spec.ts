import { describe, expect, it } from '@jest/globals';
import { Code, ServiceError } from '@plumbline/errors';
import { recordingLog } from '@plumbline/testing';
import type { ServerCallContext } from '../../context/server-call-context.ts';
import { serverMetrics } from '../../metrics.ts';
import type { MethodInfo, ServerCall } from '../call.ts';
import { observe } from './observe.ts';

const OIP = 'inference.GRPCInferenceService';

async function levelsOf(name: string, next: () => Promise<void>, raw = false): Promise<string[]> {
  const log = recordingLog();
  const method: MethodInfo = { path: `${OIP}/${name}`, service: OIP, name, kind: 'unary', raw };
  // Of a context, which only a transport can make, the interceptor asks for nothing else.
  const context = { logFields: () => ({ method: method.path }) } as unknown as ServerCallContext;
  const call: ServerCall = { method, context };
  // It passes the failure on; the line that it wrote is what counts here.
  await observe(log, serverMetrics(undefined))(call, next).catch(() => undefined);
  return log.lines.map(({ level, message }) => `${level}: ${message}`);
}

const refused = () => Promise.reject(new ServiceError(Code.NOT_FOUND, 'MODEL_NOT_FOUND', 'no such model'));

describe('the log line of a call', () => {
  it.each(['ServerLive', 'ServerReady', 'ModelReady'])(
    'of %s that is answered is for debugging',
    async (name) => {
      expect(await levelsOf(name, () => Promise.resolve())).toEqual(['debug: call answered']);
    },
  );

  it('of any other that is answered is an info', async () => {
    expect(await levelsOf('ModelMetadata', () => Promise.resolve())).toEqual(['info: call answered']);
  });

  it('is not written for answers of raw methods', async () => {
    expect(await levelsOf('ModelInfer', () => Promise.resolve(), true)).toEqual([]);
  });

  it('of a probe that is refused is an info like any', async () => {
    expect(await levelsOf('ModelReady', refused)).toEqual(['info: call refused']);
  });
});
