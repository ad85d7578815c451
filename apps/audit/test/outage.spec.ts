import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { PredictionsRecordedSchema } from '@plumbline/contract-events';
import { connectEvents, consume, singly } from '@plumbline/events';
import { openDatabase } from '@plumbline/sql';
import { eventually, silentLog } from '@plumbline/testing';
import { startAudit, surroundings, type RunningAudit, type Surroundings } from './audit.fixture.ts';
import { openProxy, type Proxy } from './proxy.fixture.ts';
import { appendRequest, mintId } from './records.fixture.ts';

const TENANT = 'outage';

let around: Surroundings;
let postgres: Proxy;
let nats: Proxy;
let audit: RunningAudit;

const client = () => audit.clientOf(TENANT);
const append = (eventId: string) =>
  client().append(appendRequest({ tenant: TENANT, eventId, request: eventId }));
const appendFor = (tenant: string, eventId: string) =>
  audit.clientOf(tenant).append(appendRequest({ tenant, eventId }));

beforeAll(async () => {
  around = await surroundings();
  postgres = await openProxy(around.database.url);
  nats = await openProxy(around.natsUrl);
  audit = await startAudit({
    ...around,
    natsUrl: nats.url,
    database: { ...around.database, url: postgres.url },
  });
});
afterAll(async () => {
  await audit?.stop();
  await Promise.all([postgres?.cut(), nats?.cut()]);
  await around?.database.close();
});

describe('while Postgres is away', () => {
  it('refuses records as AUDIT_UNAVAILABLE, and takes them again when it is back', async () => {
    const [before, during] = [mintId(), mintId()];
    await append(before);
    await postgres.cut();
    await expect(append(during)).rejects.toMatchObject({
      reason: 'AUDIT_UNAVAILABLE',
      codeName: 'UNAVAILABLE',
      retryAfterMs: 250,
    });
    await postgres.restore();
    await eventually(() => append(during));
    const { counts } = await client().countRecords({});
    expect(counts).toMatchObject([{ records: 2n, distinctIds: 2n }]);
  });

  it('says NOT_SERVING, and SERVING when it is back', async () => {
    await eventually(async () => (await audit.health()) === 'SERVING');
    await postgres.cut();
    await eventually(async () => (await audit.health()) === 'NOT_SERVING');
    await postgres.restore();
    await eventually(async () => (await audit.health()) === 'SERVING');
  });

  it('goes on proving afterwards', async () => {
    const eventId = mintId();
    await append(eventId);
    await postgres.cut();
    await postgres.restore();
    const proof = await eventually(() => client().getInclusionProof({ eventId }));
    expect(proof.checkpoint).not.toBe('');
  });
});

describe('while NATS is away', () => {
  it('records all the same, and tells of it once it is back', async () => {
    await nats.cut();
    const ids = Array.from({ length: 20 }, () => mintId());
    await Promise.all(ids.map((eventId) => appendFor('untold', eventId)));
    await nats.restore();
    const told = new Set<string>();
    const bus = await connectEvents({ url: around.natsUrl, service: 'test', log: silentLog });
    const database = openDatabase({ url: around.database.url, schema: 'audit', log: silentLog });
    const consumer = await consume({
      bus,
      database,
      log: silentLog,
      durable: 'test-untold',
      subject: 'plumbline.audit.predictions-recorded',
      schema: PredictionsRecordedSchema,
      handle: singly((_tx, message, { tenant }) => {
        if (tenant !== 'untold') return;
        for (const { facts } of message.predictions) told.add(facts?.predictionId ?? '');
      }),
    });
    await eventually(() => expect([...told].toSorted()).toEqual(ids.toSorted()) === undefined);
    await consumer.close();
    await bus.close();
    await database.close();
  });
});
