import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { eventually } from '@plumbline/testing';
import { startMonitor, type MonitorRig } from './monitor-rig.ts';
import {
  flightProfile,
  flightsOf,
  HOUR_US,
  MARCH_US,
  predictionId,
  recorded,
  seeded,
} from './synthetic-flights.ts';

let rig: MonitorRig;
let child: ChildProcess | undefined;

beforeAll(async () => {
  rig = await startMonitor(flightProfile());
});

afterAll(async () => {
  child?.kill('SIGKILL');
  await rig.close();
});

function startProcess(): ChildProcess {
  const main = fileURLToPath(new URL('../src/main.ts', import.meta.url));
  return spawn(process.execPath, [main], { env: { ...process.env, ...rig.environment }, stdio: 'ignore' });
}

async function predictionsOf(tenant: string): Promise<bigint> {
  const rows = await rig.database.query<{ predictions: bigint }>(
    'SELECT predictions FROM model_progress WHERE tenant = $1',
    [tenant],
  );
  return rows[0]?.predictions ?? 0n;
}

async function histogramsOf(tenant: string): Promise<string[]> {
  const rows = await rig.database.query<{ row: string }>(
    `SELECT concat_ws('|', step_us, digest, column_name, cells) AS row FROM histograms WHERE tenant = $1
     ORDER BY step_us, digest, column_name`,
    [tenant],
  );
  return rows.map(({ row }) => row);
}

it('a monitor that is killed at work leaves nothing out and counts nothing twice', async () => {
  const random = seeded(21);
  const flights = Array.from({ length: 12 }, (_, i) =>
    flightsOf(random, MARCH_US + BigInt(i) * HOUR_US, 100),
  ).flat();
  const all = flights.map((flight, i) => recorded(predictionId(1, i), flight));
  for (let i = 0; i < all.length; i += 40) await rig.publish('sound', all.slice(i, i + 40));
  await eventually(async () => (await predictionsOf('sound')) === 1200n);
  await rig.stop();

  child = startProcess();
  for (let i = 0; i < all.length; i += 3) await rig.publish('killed', all.slice(i, i + 3));
  for (const killAt of [100n, 600n]) {
    await eventually(async () => (await predictionsOf('killed')) >= killAt);
    child.kill('SIGKILL');
    await once(child, 'exit');
    child = startProcess();
  }
  await eventually(async () => (await predictionsOf('killed')) === 1200n);
  expect(await histogramsOf('killed')).toEqual(await histogramsOf('sound'));
});
