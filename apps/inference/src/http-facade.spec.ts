import { describe, expect, it } from '@jest/globals';
import { config } from './config.ts';
import { httpPort } from './http-facade.ts';

const portOf = (env: Record<string, string>) => httpPort(config.parse({ SERVICE_SECRET: 's', ...env }));

describe('the HTTP port', () => {
  it.each([
    [{}, undefined],
    [{ MODEL_REPOSITORY: '/models' }, 7432],
    [{ MODEL_REPOSITORY: '/models', GRPC_PORT: '9000' }, 9002],
    [{ MODEL_REPOSITORY: '/models', GRPC_PORT: '0' }, 0],
    [{ MODEL_REPOSITORY: '/models', HTTP_PORT: '-' }, undefined],
    [{ MODEL_REPOSITORY: '/models', HTTP_PORT: '8000' }, 8000],
    [{ HTTP_PORT: '8000' }, 8000],
  ])('with %j is %p', (env, expected) => {
    expect(portOf(env)).toBe(expected);
  });

  it('is a port or -', () => {
    expect(() => portOf({ HTTP_PORT: 'none' })).toThrow('HTTP_PORT="none" is not a port');
  });
});
