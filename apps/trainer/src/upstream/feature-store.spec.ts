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
import { silentLog } from '@plumbline/testing';
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

beforeAll(async () => {
  server = createServer({
    implementations: [
      implement(FeatureStoreService, {
        async *buildTrainingSet(_, context) {
          yield { rowsDone: 1n, rowsTotal: 2n };
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
  const client = createClient(FeatureStoreService, channel);
  return featureStore(client, { tenant: 'acme' }, timeoutMs).build(REQUEST, () => undefined, signal);
}

describe('a data set that the feature store does not finish', () => {
  it('is given up once its time has passed, by both sides', async () => {
    await expect(build(300, new AbortController().signal)).rejects.toMatchObject({
      codeName: 'DEADLINE_EXCEEDED',
    });
    const { signal } = await stuck.promise;
    expect(signal.aborted).toBe(true);
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
