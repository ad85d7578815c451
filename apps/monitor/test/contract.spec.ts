import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { hasReason, ServiceError } from '@plumbline/errors';
import { eventually } from '@plumbline/testing';
import { DIGEST, MODEL, startMonitor, type MonitorRig } from './monitor-rig.ts';
import { flightsOf, MARCH_US, predictionId, recorded, seeded } from './synthetic-flights.ts';

let rig: MonitorRig;

beforeAll(async () => {
  rig = await startMonitor(Buffer.from('no profile at all'));
  const [flight] = flightsOf(seeded(1), MARCH_US, 1);
  if (flight === undefined) throw new Error('no flight');
  await rig.publish('acme', [recorded(predictionId(1, 1), flight)]);
  await eventually(async () => (await rig.client('acme').getCounts({})).predictions === 1n);
});

afterAll(() => rig.close());

async function reasonOf(call: Promise<unknown>): Promise<string> {
  const error = await call.then(
    () => undefined,
    (cause: unknown) => cause,
  );
  return error instanceof ServiceError ? `${error.codeName} ${error.reason}` : String(error);
}

const label = { predictionId: predictionId(1, 1), value: 1, knownAtUs: MARCH_US };

describe('refusals', () => {
  it('name every wrong field of labels, and take none of them', async () => {
    const client = rig.client('acme');
    const wrong = { predictionId: 'x', value: NaN, knownAtUs: 0n };
    const refused = await client.submitLabels({ labels: [label, wrong] }).catch((error: unknown) => error);
    expect(hasReason(refused, 'LABELS_INVALID')).toBe(true);
    expect((refused as ServiceError).fieldViolations.map(({ field }) => field)).toEqual([
      'labels[1].prediction_id',
      'labels[1].value',
      'labels[1].known_at_us',
    ]);
    expect(await client.getCounts({})).toMatchObject({ labelsJoined: 0n, labelsWaiting: 0n });
  });

  it('limit the labels of one call', async () => {
    const labels = Array.from({ length: 10_001 }, () => label);
    expect(await reasonOf(rig.client('acme').submitLabels({ labels }))).toBe(
      'INVALID_ARGUMENT LABELS_INVALID',
    );
  });

  it('tell an unseen version from one without a readable baseline and from an empty range', async () => {
    const client = rig.client('acme');
    expect(await reasonOf(client.getDrift({ model: 'other' }))).toBe('NOT_FOUND VERSION_NOT_SEEN');
    expect(await reasonOf(client.getDrift({ model: MODEL, modelDigest: 'sha256:0' }))).toBe(
      'NOT_FOUND VERSION_NOT_SEEN',
    );
    expect(await reasonOf(client.getDrift({ model: MODEL, modelDigest: DIGEST }))).toBe(
      'FAILED_PRECONDITION BASELINE_MISSING',
    );
    expect(await reasonOf(client.getPerformance({ model: MODEL, fromUs: 5n, toUs: 5n }))).toBe(
      'INVALID_ARGUMENT RANGE_INVALID',
    );
  });

  it('ask for a tenant', async () => {
    expect(await reasonOf(rig.client('').getCounts({}))).toMatch(/TENANT_REQUIRED$/);
  });
});
