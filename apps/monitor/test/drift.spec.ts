import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { fromBinary } from '@bufbuild/protobuf';
import { AlertChangedSchema, DecisionRecordedSchema } from '@plumbline/contract-events';
import { DriftState, type Alert } from '@plumbline/contract-monitor';
import { eventually } from '@plumbline/testing';
import { DIGEST, MODEL, startMonitor, type MonitorRig } from './monitor-rig.ts';
import {
  flightProfile,
  flightsOf,
  HOUR_US,
  MARCH_US,
  predictionId,
  recorded,
  seeded,
} from './synthetic-flights.ts';

const HOURS = 60;
const FAULT_FROM = 18;
const FAULT_TO = 30;
const columns = ['airport:late_share', 'airport:mean_delay', 'departure:hour', 'score'];

let rig: MonitorRig;

beforeAll(async () => {
  rig = await startMonitor(flightProfile());
});

afterAll(() => rig.close());

/** Two and a half days of predictions; in a faulty tenant delays are reported in hours between FAULT_FROM and FAULT_TO. */
async function replay(tenant: string, space: number, faulty: boolean): Promise<void> {
  const random = seeded(space);
  let index = 0;
  for (let hour = 0; hour < HOURS; hour++) {
    const factor = faulty && hour >= FAULT_FROM && hour < FAULT_TO ? 1 / 60 : 1;
    const flights = flightsOf(random, MARCH_US + BigInt(hour) * HOUR_US, 40, factor);
    await rig.publish(
      tenant,
      flights.map((flight) => recorded(predictionId(space, index++), flight)),
    );
  }
  await eventually(() => judgedUntil(tenant, MARCH_US + BigInt(HOURS - 1) * HOUR_US));
}

async function judgedUntil(tenant: string, instantUs: bigint): Promise<boolean> {
  const rows = await rig.database.query(
    'SELECT FROM model_progress WHERE tenant = $1 AND judged_until_us >= $2',
    [tenant, instantUs],
  );
  return rows.length > 0;
}

async function alertEvents(tenant: string): Promise<(Alert | undefined)[]> {
  const rows = await rig.database.query<{ payload: Buffer }>(
    `SELECT payload FROM outbox WHERE tenant = $1 AND subject = 'plumbline.monitor.alert-changed'
     ORDER BY enqueued_at`,
    [tenant],
  );
  return rows.map(({ payload }) => fromBinary(AlertChangedSchema, payload).alert);
}

describe('drift', () => {
  it('of a source that reports in another unit fires one alert, names its columns, and clears when it is mended', async () => {
    await replay('faulty', 1, true);
    const { alerts } = await rig.client('faulty').listAlerts({ model: MODEL });
    expect(alerts).toHaveLength(1);
    const [alert] = alerts;
    expect(alert).toMatchObject({ model: MODEL, modelDigest: DIGEST, source: 'outcomes' });
    expect(alert?.columns).toEqual(['airport:late_share', 'airport:mean_delay', 'score']);
    expect(alert?.reasons[0]).toMatch(/^airport:late_share: PSI \d+\.\d+ to the most similar stretch/);
    const fired = Number(((alert?.firedAtUs ?? 0n) - MARCH_US) / HOUR_US);
    const cleared = Number(((alert?.clearedAtUs ?? 0n) - MARCH_US) / HOUR_US);
    expect(fired).toBeGreaterThan(FAULT_FROM);
    expect(fired).toBeLessThanOrEqual(FAULT_FROM + 8);
    expect(cleared).toBeGreaterThan(FAULT_TO);
    expect(cleared).toBeLessThanOrEqual(FAULT_TO + 15);

    const events = await alertEvents('faulty');
    expect(new Set(events.map((event) => event?.alertId))).toEqual(new Set([alert?.alertId]));
    expect(events.filter((event) => event?.clearedAtUs !== 0n)).toHaveLength(1);
    expect(events.at(-1)?.clearedAtUs).toBe(alert?.clearedAtUs);
    expect(await decisions('faulty')).toEqual(
      expect.arrayContaining(['alert_fired FIRING', 'alert_cleared CLEARED']),
    );
  });

  it('that is none fires nothing, and one tenant sees nothing of another', async () => {
    await replay('sound', 2, false);
    expect((await rig.client('sound').listAlerts({})).alerts).toEqual([]);
    const { columns: measured, fromUs, toUs } = await rig.client('sound').getDrift({ model: MODEL });
    expect(toUs - fromUs).toBe(12n * HOUR_US);
    expect(measured.map(({ name }) => name)).toEqual(columns);
    expect(measured.map(({ state }) => state)).toEqual(columns.map(() => DriftState.STABLE));
    expect(measured.every(({ n, m }) => n === 1200n && m === 480n)).toBe(true);
    expect(measured.every(({ nearestFromUs }) => nearestFromUs < MARCH_US && nearestFromUs > 0n)).toBe(true);
  });

  it('is measured for any range, a fault included', async () => {
    const range = {
      fromUs: MARCH_US + BigInt(FAULT_FROM) * HOUR_US,
      toUs: MARCH_US + BigInt(FAULT_TO) * HOUR_US,
    };
    const faulty = await rig.client('faulty').getDrift({ model: MODEL, modelDigest: DIGEST, ...range });
    const stateOf = (name: string) => faulty.columns.find((column) => column.name === name)?.state;
    expect(stateOf('airport:late_share')).toBe(DriftState.DRIFTED);
    expect(stateOf('departure:hour')).toBe(DriftState.STABLE);
    const short = await rig.client('sound').getDrift({ model: MODEL, fromUs: MARCH_US, toUs: MARCH_US + 1n });
    expect(short.columns.map(({ state }) => state)).toEqual(columns.map(() => DriftState.INSUFFICIENT_DATA));
  });

  it('alerts can be watched as they change', async () => {
    const seen: Alert[] = [];
    const watching = (async () => {
      for await (const { alert } of rig.client('watched').watchAlerts({ model: MODEL })) {
        if (alert !== undefined) seen.push(alert);
        if (alert !== undefined && alert.clearedAtUs !== 0n) return;
      }
    })();
    await replay('watched', 3, true);
    await watching;
    expect(new Set(seen.map(({ alertId }) => alertId)).size).toBe(1);
    expect(seen.at(-1)?.source).toBe('outcomes');
  });
});

async function decisions(tenant: string): Promise<string[]> {
  const rows = await rig.database.query<{ payload: Buffer }>(
    `SELECT payload FROM outbox WHERE tenant = $1 AND subject = 'plumbline.monitor.decision-recorded'`,
    [tenant],
  );
  return rows.map(({ payload }) => {
    const { action, outcome } = fromBinary(DecisionRecordedSchema, payload);
    return `${action} ${outcome}`;
  });
}
