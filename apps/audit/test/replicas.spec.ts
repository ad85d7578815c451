import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { openCheckpoint, parseVerifier, verifyConsistency } from '@plumbline/merkle';
import { openDatabase } from '@plumbline/sql';
import { eventually, silentLog } from '@plumbline/testing';
import { logTables } from '../src/store/log-tables.ts';
import { ORIGIN, startAudit, surroundings, type RunningAudit, type Surroundings } from './audit.fixture.ts';
import { appendRequest, mintId } from './records.fixture.ts';

const TENANT = 'replicated';

let around: Surroundings;
let replicas: RunningAudit[];

beforeAll(async () => {
  around = await surroundings();
  replicas = await Promise.all([startAudit(around), startAudit(around), startAudit(around)]);
});
afterAll(async () => {
  await Promise.all(replicas?.map((replica) => replica.stop()) ?? []);
  await around?.database.close();
});

describe('replicas that start together on an empty database', () => {
  it('sign with one key', async () => {
    const keys = await Promise.all(
      replicas.map(async (replica) => (await replica.clientOf(TENANT).getCheckpoint({})).verifierKey),
    );
    expect(new Set(keys).size).toBe(1);
  });

  it('record an id once, however many of them are asked at the same time', async () => {
    const ids = Array.from({ length: 120 }, () => mintId());
    const answers = await Promise.all(
      ids.flatMap((eventId) =>
        replicas.map(async (replica) => {
          const request = appendRequest({ tenant: TENANT, eventId, request: eventId });
          const { existing } = await replica.clientOf(TENANT).append(request);
          return existing === undefined ? eventId : undefined;
        }),
      ),
    );
    expect(answers.filter((recorded) => recorded !== undefined).toSorted()).toEqual(ids.toSorted());
    const { counts } = await replicas[0]!.clientOf(TENANT).countRecords({});
    expect(counts).toMatchObject([{ records: 120n, distinctIds: 120n }]);
  });

  it('prove in one tree what any of them has recorded', async () => {
    const { verifierKey } = await replicas[0]!.clientOf(TENANT).getCheckpoint({});
    const verifier = parseVerifier(verifierKey);
    const checkpoints = [];
    for (const [index, replica] of replicas.entries()) {
      const eventId = mintId();
      await replica.clientOf(TENANT).append(appendRequest({ tenant: TENANT, eventId }));
      const other = replicas[(index + 1) % replicas.length]!;
      const { checkpoint } = await other.clientOf(TENANT).getInclusionProof({ eventId });
      checkpoints.push(openCheckpoint(checkpoint, ORIGIN, [verifier]));
    }
    const [first, , last] = checkpoints;
    const sizes = { firstSize: first!.size, secondSize: last!.size };
    const { hashes } = await replicas[2]!.clientOf(TENANT).getConsistencyProof(sizes);
    verifyConsistency({ ...sizes, firstRoot: first!.root, secondRoot: last!.root, proof: hashes });
  });
});

describe('a process that freezes while it holds the head of the log', () => {
  it('loses the lock, and the others go on', async () => {
    const frozen = openDatabase({ url: around.database.url, schema: 'audit', log: silentLog });
    const thaw = Promise.withResolvers<void>();
    const locked = Promise.withResolvers<void>();
    const holding = frozen
      .transaction(async (tx) => {
        await logTables(tx).lockHead();
        locked.resolve();
        await thaw.promise;
      })
      .catch((error: unknown) => error);
    await locked.promise;
    const eventId = mintId();
    const request = appendRequest({ tenant: TENANT, eventId, request: eventId });
    await eventually(() => replicas[0]!.clientOf(TENANT).append(request));
    thaw.resolve();
    expect(await holding).toBeInstanceOf(Error);
    await frozen.close();
  });
});
