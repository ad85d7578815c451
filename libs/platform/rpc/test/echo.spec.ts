import { afterEach, describe, expect, it } from '@jest/globals';
import { ServiceError } from '@plumbline/errors';
import { closeAll, serve } from './serve.ts';

afterEach(closeAll);

describe('a typed client and server', () => {
  it('round-trips a unary call', async () => {
    const { client } = await serve({ unaryCall: ({ payload }) => (payload ? { payload } : {}) });
    const response = await client.unaryCall({ payload: { body: Buffer.from('x') } });
    expect(Buffer.from(response.payload?.body ?? []).toString()).toBe('x');
  });

  it('rebuilds the ServiceError of the server with all its details', async () => {
    const { client } = await serve({
      unaryCall: () => {
        throw new ServiceError(9, 'MODEL_NOT_READY', 'not ready “yet”', {
          domain: 'registry.plumbline.dev',
          metadata: { model: 'flights' },
          fieldViolations: [{ field: 'views[2].window', description: 'too long' }],
          retryAfterMs: 1_250,
        });
      },
    });
    const error = await client.unaryCall({}).catch((failure: unknown) => failure);
    expect(error).toBeInstanceOf(ServiceError);
    expect(error).toMatchObject({
      code: 9,
      reason: 'MODEL_NOT_READY',
      message: 'not ready “yet”',
      domain: 'registry.plumbline.dev',
      metadata: { model: 'flights' },
      fieldViolations: [{ field: 'views[2].window', description: 'too long' }],
      retryAfterMs: 1_250,
    });
  });
});
