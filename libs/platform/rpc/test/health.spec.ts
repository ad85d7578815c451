import { afterEach, describe, expect, it } from '@jest/globals';
import { Health, HealthCheckResponse_ServingStatus } from '@plumbline/contract-grpc';
import { createClient } from '../src/index.ts';
import { closeAll, serve } from './serve.ts';

afterEach(closeAll);

const { SERVING, NOT_SERVING, SERVICE_UNKNOWN } = HealthCheckResponse_ServingStatus;
const SERVICE = 'grpc.testing.TestService';

async function serveHealth() {
  const { server, channel } = await serve({});
  return { server, health: createClient(Health, channel) };
}

describe('grpc.health.v1', () => {
  it('reports the server and each of its services', async () => {
    const { server, health } = await serveHealth();
    expect(await health.check({})).toMatchObject({ status: SERVING });
    expect(await health.check({ service: SERVICE })).toMatchObject({ status: SERVING });
    server.health.set(SERVICE, 'NOT_SERVING');
    expect(await health.check({ service: SERVICE })).toMatchObject({ status: NOT_SERVING });
    expect(await health.list({})).toMatchObject({
      statuses: { '': { status: SERVING }, [SERVICE]: { status: NOT_SERVING } },
    });
  });

  it('answers NOT_FOUND for a service that the server does not have', async () => {
    const { health } = await serveHealth();
    await expect(health.check({ service: 'x' })).rejects.toMatchObject({ reason: 'HEALTH_SERVICE_UNKNOWN' });
  });

  it('sends a watcher the status at once and after each change, and ends with the server', async () => {
    const { server, health } = await serveHealth();
    const seen: number[] = [];
    const watching = (async () => {
      for await (const { status } of health.watch({ service: SERVICE })) {
        seen.push(status);
        if (seen.length === 1) server.health.set(SERVICE, 'NOT_SERVING');
        if (seen.length === 2) server.health.set(SERVICE, 'SERVING');
        if (seen.length === 3) void server.drain(1_000);
      }
    })();
    await expect(watching).rejects.toMatchObject({ reason: 'SHUTTING_DOWN' });
    expect(seen).toEqual([SERVING, NOT_SERVING, SERVING, NOT_SERVING]);
  });

  it('tells a watcher of an unknown service so, without ending the watch', async () => {
    const { server, health } = await serveHealth();
    const seen: number[] = [];
    for await (const { status } of health.watch({ service: 'later' })) {
      seen.push(status);
      if (seen.length === 2) break;
      server.health.set('later', 'SERVING');
    }
    expect(seen).toEqual([SERVICE_UNKNOWN, SERVING]);
  });
});
