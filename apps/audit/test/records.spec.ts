import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { RecordKind, type Record as RecordMessage } from '@plumbline/contract-audit';
import { startAudit, surroundings, type RunningAudit, type Surroundings } from './audit.fixture.ts';
import { MODEL, appendRequest, mintId, sha256 } from './records.fixture.ts';

const TENANT = 'listing';
const OTHER_MODEL = sha256(Buffer.from('another model'));
const digestOf = (model: Buffer) => `sha256:${model.toString('hex')}`;

let around: Surroundings;
let audit: RunningAudit;

const client = () => audit.clientOf(TENANT);
const idsOf = (records: readonly RecordMessage[]) => records.map(({ eventId }) => eventId);

async function appendMany(
  count: number,
  draft: Partial<Parameters<typeof appendRequest>[0]>,
): Promise<string[]> {
  const ids = Array.from({ length: count }, () => mintId());
  await Promise.all(
    ids.map((eventId) => client().append(appendRequest({ tenant: TENANT, eventId, ...draft }))),
  );
  return ids;
}

async function listAll(request: object, pageSize: number): Promise<RecordMessage[]> {
  const all: RecordMessage[] = [];
  let pageToken = '';
  do {
    const page = await client().listRecords({ ...request, pageSize, pageToken });
    expect(page.records.length).toBeLessThanOrEqual(pageSize);
    all.push(...page.records);
    pageToken = page.nextPageToken;
  } while (pageToken !== '');
  return all;
}

let first: string[];
let second: string[];
let refusals: string[];

beforeAll(async () => {
  around = await surroundings();
  audit = await startAudit(around);
  first = await appendMany(60, {});
  second = await appendMany(40, { model: OTHER_MODEL });
  refusals = await appendMany(30, { kind: RecordKind.REFUSAL });
  await audit.clientOf('another').append(appendRequest({ tenant: 'another' }));
});
afterAll(async () => {
  await audit?.stop();
  await around?.database.close();
});

describe('ListRecords', () => {
  it.each([1, 7, 100, 1_000])('gives every record once, newest first, in pages of %d', async (pageSize) => {
    const records = await listAll({}, pageSize);
    expect(idsOf(records).toSorted()).toEqual([...first, ...second, ...refusals].toSorted());
    const indexes = records.map(({ leafIndex }) => leafIndex);
    expect(indexes).toEqual(indexes.toSorted((a, b) => Number(b - a)));
  });

  it('narrows by kind', async () => {
    const records = await listAll({ kind: RecordKind.REFUSAL }, 11);
    expect(idsOf(records).toSorted()).toEqual(refusals.toSorted());
  });

  it('narrows by model', async () => {
    const records = await listAll({ modelDigest: digestOf(OTHER_MODEL) }, 9);
    expect(idsOf(records).toSorted()).toEqual(second.toSorted());
    expect(await listAll({ modelDigest: digestOf(MODEL) }, 100)).toHaveLength(60);
  });

  it('narrows by the time of the commit', async () => {
    const all = await listAll({}, 1_000);
    const middle = all[50]!.committedAtUs;
    const newer = await listAll({ fromUs: middle }, 17);
    const older = await listAll({ untilUs: middle }, 17);
    expect(newer.every(({ committedAtUs }) => committedAtUs >= middle)).toBe(true);
    expect(older.every(({ committedAtUs }) => committedAtUs < middle)).toBe(true);
    expect(newer.length + older.length).toBe(all.length);
  });

  it('brings payloads only when asked to', async () => {
    const bare = await client().listRecords({ pageSize: 1 });
    const full = await client().listRecords({ pageSize: 1, includePayload: true });
    expect(bare.records[0]!.payload).toHaveLength(0);
    expect(Buffer.from(full.records[0]!.payload).toString()).toBe(`payload of ${full.records[0]!.eventId}`);
  });

  it.each([
    ['a negative page size', { pageSize: -1 }],
    ['an immense page', { pageSize: 1_001 }],
    ['a token of its own making', { pageToken: 'next' }],
    ['a model that is no digest', { modelDigest: 'flight_delay' }],
    ['a kind that is none', { kind: 9 as RecordKind }],
  ])('refuses %s', async (_, request) => {
    await expect(client().listRecords(request)).rejects.toMatchObject({ reason: 'INVALID_QUERY' });
  });
});

describe('GetRecord', () => {
  it('finds nothing of another tenant', async () => {
    const reading = audit.clientOf('another').getRecord({ eventId: first[0]! });
    await expect(reading).rejects.toMatchObject({ reason: 'RECORD_NOT_FOUND' });
  });
});

describe('CountRecords', () => {
  it('counts records, leaves and distinct ids of the tenant by kind', async () => {
    await client().getInclusionProof({ eventId: refusals.at(-1)! });
    await client().getInclusionProof({ eventId: second.at(-1)! });
    const { counts } = await client().countRecords({});
    expect(counts.map(({ kind, records, distinctIds }) => [kind, records, distinctIds])).toEqual([
      [RecordKind.PREDICTION, 100n, 100n],
      [RecordKind.REFUSAL, 30n, 30n],
    ]);
  });

  it('counts every record as a leaf once the tree has grown over it', async () => {
    const newest = await client().listRecords({ pageSize: 1 });
    await client().getInclusionProof({ eventId: newest.records[0]!.eventId });
    const { counts } = await client().countRecords({});
    expect(counts.every(({ records, leaves }) => records === leaves)).toBe(true);
  });
});

describe('ListGaps', () => {
  const producer = (sequence: bigint) => ({ producerId: 'gateway-a', epoch: 7n, sequence });

  it('shows numbers that never came until they do', async () => {
    for (const sequence of [1n, 2n, 5n, 9n]) {
      await client().append(appendRequest({ tenant: TENANT, producer: producer(sequence) }));
    }
    const gaps = async () =>
      (await client().listGaps({ minAgeUs: 0n })).gaps.map(({ producerId, epoch, first, last }) => ({
        producerId,
        epoch,
        first,
        last,
      }));
    const gap = (first: bigint, last: bigint) => ({ producerId: 'gateway-a', epoch: 7n, first, last });
    expect(await gaps()).toEqual([gap(3n, 4n), gap(6n, 8n)]);
    await client().append(appendRequest({ tenant: TENANT, producer: producer(7n) }));
    expect(await gaps()).toEqual([gap(3n, 4n), gap(6n, 6n), gap(8n, 8n)]);
    for (const sequence of [3n, 4n, 6n, 8n]) {
      await client().append(appendRequest({ tenant: TENANT, producer: producer(sequence) }));
    }
    expect(await gaps()).toEqual([]);
  });

  it('keeps quiet about gaps that may still close', async () => {
    await client().append(
      appendRequest({ tenant: TENANT, producer: { producerId: 'gateway-b', epoch: 1n, sequence: 3n } }),
    );
    expect((await client().listGaps({})).gaps.filter(({ producerId }) => producerId === 'gateway-b')).toEqual(
      [],
    );
  });
});
