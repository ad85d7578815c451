import { spawn, type ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { openCheckpoint, parseVerifier, verifyConsistency, type Checkpoint } from '@plumbline/merkle';
import { openDatabase } from '@plumbline/sql';
import { eventually, silentLog } from '@plumbline/testing';
import {
  ORIGIN,
  clientsOf,
  environment,
  freePort,
  surroundings,
  type Surroundings,
} from './audit.fixture.ts';
import { appendRequest, mintId } from './records.fixture.ts';

const TENANT = 'killed';
const RECORDS = 600;
const IN_FLIGHT = 24;
/** Acknowledgements after which the process is killed. */
const KILLS = [1, 200, 450];
const MAIN = fileURLToPath(new URL('../src/main.ts', import.meta.url));

let around: Surroundings;
let port: number;
let child: ChildProcess;
let clients: ReturnType<typeof clientsOf>;

const client = () => clients.clientOf(TENANT);

function start(): ChildProcess {
  const env = { ...environment(around, port), LOG_LEVEL: 'silent', PATH: process.env['PATH'] ?? '' };
  return spawn(process.execPath, ['--disable-warning=ExperimentalWarning', MAIN], { env, stdio: 'inherit' });
}

async function killAndRestart(): Promise<void> {
  const gone = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGKILL');
  await gone;
  child = start();
}

beforeAll(async () => {
  around = await surroundings();
  port = await freePort();
  child = start();
  clients = clientsOf(port);
  await eventually(() => client().getCheckpoint({}));
});
afterAll(async () => {
  clients?.close();
  child?.kill('SIGTERM');
  await new Promise((resolve) =>
    child?.exitCode === null ? child.once('exit', resolve) : resolve(undefined),
  );
  await around?.database.close();
});

describe('an audit process that is killed again and again during a load', () => {
  it('has every acknowledged record in the log exactly once, and never rewrites a signed tree', async () => {
    const ids = Array.from({ length: RECORDS }, () => mintId());
    const { verifierKey } = await client().getCheckpoint({});
    const verifier = parseVerifier(verifierKey);
    const checkpointNow = async (): Promise<Checkpoint> =>
      openCheckpoint((await client().getCheckpoint({})).checkpoint, ORIGIN, [verifier]);
    const seen: Checkpoint[] = [];
    const kills = [...KILLS];
    let acknowledged = 0;
    let next = 0;

    const acknowledge = async (): Promise<void> => {
      acknowledged += 1;
      if (acknowledged !== kills[0]) return;
      kills.shift();
      seen.push(await eventually(checkpointNow));
      await killAndRestart();
    };
    const worker = async (): Promise<void> => {
      for (let index = next++; index < ids.length; index = next++) {
        const eventId = ids[index]!;
        const producer = { producerId: 'gateway', epoch: 1n, sequence: BigInt(index + 1) };
        const request = appendRequest({ tenant: TENANT, eventId, request: eventId, producer });
        await eventually(() => client().append(request));
        await acknowledge();
      }
    };
    await Promise.all(Array.from({ length: IN_FLIGHT }, worker));
    expect(kills).toEqual([]);

    const logged: string[] = [];
    for (let pageToken = ''; ;) {
      const page = await client().listRecords({ pageSize: 1_000, pageToken });
      logged.push(...page.records.map(({ eventId }) => eventId));
      pageToken = page.nextPageToken;
      if (pageToken === '') break;
    }
    expect(logged.toSorted()).toEqual(ids.toSorted());
    expect((await client().listGaps({ minAgeUs: 0n })).gaps).toEqual([]);

    const { treeSize } = await client().getInclusionProof({ eventId: logged[0]! });
    const last = await checkpointNow();
    expect(last.size).toBe(BigInt(RECORDS));
    expect(treeSize).toBe(last.size);
    for (const first of seen.filter(({ size }) => size > 0n)) {
      const { hashes } = await client().getConsistencyProof({ firstSize: first.size, secondSize: last.size });
      verifyConsistency({
        firstSize: first.size,
        firstRoot: first.root,
        secondSize: last.size,
        secondRoot: last.root,
        proof: hashes,
      });
    }
  });

  it('tells the monitor of every record', async () => {
    const database = openDatabase({ url: around.database.url, schema: 'audit', log: silentLog });
    await eventually(async () => {
      const [row] = await database.query<{ waiting: bigint }>(
        'SELECT count(*) AS waiting FROM outbox WHERE published_at IS NULL',
      );
      return row?.waiting === 0n;
    });
    await database.close();
  });
});
