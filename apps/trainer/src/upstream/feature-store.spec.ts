import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { FeatureStoreService } from '@plumbline/contract-features';
import {
  authenticateServices,
  createChannel,
  createClient,
  createServer,
  implement,
  serviceToken,
  type CallContext,
  type Channel,
  type RpcServer,
} from '@plumbline/rpc';
import { eventually, silentLog } from '@plumbline/testing';
import { featureStore } from './feature-store.ts';

const SECRET = 'a secret of this test';
const REQUEST = {
  featureService: 'flight_delay',
  featureServiceVersion: 0,
  spineSource: 'outcomes',
  spineInstant: 'date',
  fromUs: 0n,
  toUs: 1n,
  label: 'delay > 15',
  knownByUs: 0n,
  requestValues: {},
};

let server: RpcServer;
let channel: Channel;
/** Resolves with the call that the feature store answers a report to, and then nothing. */
let stuck = Promise.withResolvers<CallContext>();
/** What that call had left when it began. */
let begunWithMs: number | undefined;

beforeAll(async () => {
  server = createServer({
    implementations: [
      implement(FeatureStoreService, {
        async *buildTrainingSet(_, context) {
          yield { rowsDone: 1n, rowsTotal: 2n };
          begunWithMs = context.remainingMs();
          stuck.resolve(context);
          await new Promise((resolve) => context.signal.addEventListener('abort', resolve));
        },
      }),
    ],
    authenticate: authenticateServices(SECRET),
    log: silentLog,
  });
  channel = createChannel(`127.0.0.1:${await server.listen('127.0.0.1', 0)}`, {
    metadata: () => ({ authorization: serviceToken('trainer', SECRET) }),
  });
});
afterAll(async () => {
  channel?.close();
  await server?.close();
});

function build(timeoutMs: number, signal: AbortSignal): Promise<unknown> {
  stuck = Promise.withResolvers();
  begunWithMs = undefined;
  const client = createClient(FeatureStoreService, channel);
  return featureStore(client, { tenant: 'acme' }, timeoutMs).build(REQUEST, () => undefined, signal);
}

describe('a data set that the feature store does not finish', () => {
  it('is given up once its time has passed, by both sides', async () => {
    // Long enough for the feature store to begin, on a slow machine after some attempts.
    let timeoutMs = 100;
    while (begunWithMs === undefined) {
      timeoutMs *= 3;
      await expect(build(timeoutMs, new AbortController().signal)).rejects.toMatchObject({
        codeName: 'DEADLINE_EXCEEDED',
      });
    }
    expect(begunWithMs).toBeLessThanOrEqual(timeoutMs);
    const { signal } = await stuck.promise;
    await eventually(() => signal.aborted);
  });

  it('is given up when its job is', async () => {
    const job = new AbortController();
    const building = build(60_000, job.signal);
    const { signal } = await stuck.promise;
    const told = new Promise((resolve) => signal.addEventListener('abort', resolve));
    job.abort();
    await expect(building).rejects.toMatchObject({ codeName: 'CANCELLED' });
    await told;
  });
});
