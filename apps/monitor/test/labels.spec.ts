import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { fromBinary } from '@bufbuild/protobuf';
import { LabelsAdvancedSchema, type LabelsAdvanced } from '@plumbline/contract-events';
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

const DAY_US = 24n * HOUR_US;
let rig: MonitorRig;

beforeAll(async () => {
  rig = await startMonitor(flightProfile());
});

afterAll(() => rig.close());

const random = seeded(11);
/** One day of flights with their outcomes, known two hours after departure. */
const flights = Array.from({ length: 24 }, (_, i) => flightsOf(random, MARCH_US + BigInt(i) * HOUR_US, 10))
  .flat()
  .map((flight) => ({ flight, late: random() < flight.score, knownAtUs: flight.atUs + 2n * HOUR_US }));

function labelsOf(space: number, from = 0, to = flights.length) {
  return flights.slice(from, to).map(({ late, knownAtUs }, i) => ({
    predictionId: predictionId(space, from + i),
    value: late ? 1 : 0,
    knownAtUs,
  }));
}

async function predict(tenant: string, space: number): Promise<void> {
  const all = flights.map(({ flight }, i) => recorded(predictionId(space, i), flight));
  for (let i = 0; i < all.length; i += 60) await rig.publish(tenant, all.slice(i, i + 60));
}

async function predicted(tenant: string): Promise<void> {
  await eventually(async () => (await rig.client(tenant).getCounts({})).predictions === 240n);
}

/** AUC by its definition, over all pairs. */
function naiveAuc(): number {
  const scoresOf = (late: boolean) =>
    flights.filter((one) => one.late === late).map((one) => one.flight.score);
  let wins = 0;
  for (const positive of scoresOf(true)) {
    for (const negative of scoresOf(false)) wins += positive > negative ? 1 : positive === negative ? 0.5 : 0;
  }
  return wins / (scoresOf(true).length * scoresOf(false).length);
}

describe('labels', () => {
  it('count for the mirrored prediction as well as for the one that was mirrored', async () => {
    const tenant = 'mirrored';
    const mirrors = flights.map(({ flight }, i) =>
      recorded(predictionId(0x52, i), flight, predictionId(0x51, i)),
    );
    await predict(tenant, 0x51);
    for (let i = 0; i < mirrors.length; i += 60) await rig.publish(tenant, mirrors.slice(i, i + 60));
    await rig.client(tenant).submitLabels({ labels: labelsOf(0x51) });
    const quality = (variant: string) =>
      rig.client(tenant).getPerformance({ model: MODEL, modelDigest: DIGEST, variant });
    await eventually(
      async () => (await quality('shadow')).labelled === 240n && (await quality('')).labelled === 240n,
    );
    expect((await quality('shadow')).live).toEqual((await quality('')).live);
  });

  it('given for a mirrored prediction are joined to none, wherever they are counted', async () => {
    await rig.client('shadowed').submitLabels({ labels: labelsOf(0x62, 0, 1) });
    await predict('shadowed', 0x61);
    const mirrors = flights.map(({ flight }, i) =>
      recorded(predictionId(0x62, i), flight, predictionId(0x61, i)),
    );
    for (let i = 0; i < mirrors.length; i += 60) await rig.publish('shadowed', mirrors.slice(i, i + 60));
    const client = rig.client('shadowed');
    await eventually(async () => (await client.getCounts({})).shadows === 240n);
    await predicted('shadowed');
    const labels = [...labelsOf(0x61, 0, 9), ...labelsOf(0x62, 0, 4)];
    expect(await client.submitLabels({ labels })).toMatchObject({ joined: 9n, waiting: 4n });
    expect(await client.getCounts({})).toMatchObject({ labelsJoined: 9n, labelsWaiting: 4n });
    expect(await client.getCounts({ model: MODEL })).toMatchObject({ labelsJoined: 9n, labelsWaiting: 4n });
    expect(await client.getPerformance({ model: MODEL })).toMatchObject({ labelled: 9n });
    await client.submitLabels({ completeUntilUs: MARCH_US + DAY_US });
    const announced = await eventually(async () => {
      const all = await announcements('shadowed');
      return all.length > 0 ? all : undefined;
    });
    expect(announced).toMatchObject([{ boundaryUs: MARCH_US + DAY_US, labelsTotal: 9n }]);
  });

  it('wait for predictions that come later, and join them', async () => {
    const client = rig.client('early');
    expect(await client.submitLabels({ labels: labelsOf(1) })).toMatchObject({ joined: 0n, waiting: 240n });
    expect(await client.getCounts({})).toMatchObject({ labelsJoined: 0n, labelsWaiting: 240n });
    await predict('early', 1);
    await predicted('early');
    expect(await client.getCounts({})).toMatchObject({ labelsJoined: 240n, labelsWaiting: 0n });
  });

  it('repeated change nothing, revised replace, and an older one never replaces a newer', async () => {
    await predict('revised', 2);
    await predicted('revised');
    const client = rig.client('revised');
    const positives = async () => (await client.getPerformance({ model: MODEL })).positives;
    const [label] = labelsOf(2).filter(({ value }) => value === 0);
    if (label === undefined) throw new Error('the flights hold no punctual one');
    await client.submitLabels({ labels: labelsOf(2) });
    const before = await positives();
    await client.submitLabels({ labels: labelsOf(2) });
    expect(await positives()).toBe(before);
    const revision = { ...label, value: 1, knownAtUs: label.knownAtUs + 1n };
    expect(await client.submitLabels({ labels: [revision, label] })).toMatchObject({
      joined: 1n,
      waiting: 0n,
    });
    expect(await positives()).toBe(before + 1n);
    await client.submitLabels({ labels: [label] });
    expect(await positives()).toBe(before + 1n);
  });

  it('give live quality beside the offline one, with coverage and delay', async () => {
    await predict('quality', 3);
    await predicted('quality');
    const client = rig.client('quality');
    await client.submitLabels({ labels: labelsOf(3) });
    const quality = await client.getPerformance({ model: MODEL, modelDigest: DIGEST });
    const auc = quality.live.find(({ name }) => name === 'roc_auc');
    expect(auc?.value).toBeCloseTo(naiveAuc(), 12);
    expect(auc?.n).toBe(240n);
    expect(quality.live.map(({ name }) => name)).toEqual([
      'roc_auc',
      'brier',
      'log_loss',
      'calibration_in_the_large',
    ]);
    expect(quality.offline).toMatchObject([{ name: 'roc_auc', value: 0.71, n: 1000n }]);
    expect(quality).toMatchObject({
      predictions: 240n,
      labelled: 240n,
      positives: BigInt(flights.filter(({ late }) => late).length),
      medianLabelDelayUs: 2n * HOUR_US,
    });
    expect(quality.calibration.reduce((sum, bin) => sum + bin.n, 0n)).toBe(240n);
  });

  it('of one class, or none, leave out what cannot be estimated', async () => {
    await predict('bare', 4);
    await predicted('bare');
    const client = rig.client('bare');
    expect(await client.getPerformance({ model: MODEL })).toMatchObject({ predictions: 240n, live: [] });
    const negative = labelsOf(4, 0, 5).map((label) => ({ ...label, value: 0 }));
    await client.submitLabels({ labels: negative });
    const quality = await client.getPerformance({ model: MODEL });
    expect(quality.live.map(({ name }) => name)).toEqual(['brier', 'log_loss', 'calibration_in_the_large']);
    expect(quality).toMatchObject({ predictions: 240n, labelled: 5n, positives: 0n });
  });

  it('that reach midnight are announced once, with those joined before it', async () => {
    await predict('midnight', 5);
    await predicted('midnight');
    const client = rig.client('midnight');
    await client.submitLabels({ labels: labelsOf(5, 0, 200) });
    await client.submitLabels({ completeUntilUs: MARCH_US + DAY_US });
    const announced = await eventually(async () => {
      const all = await announcements('midnight');
      return all.length > 0 ? all : undefined;
    });
    expect(announced).toMatchObject([{ model: MODEL, boundaryUs: MARCH_US + DAY_US, labelsTotal: 200n }]);

    await client.submitLabels({ labels: labelsOf(5, 200), completeUntilUs: MARCH_US + DAY_US });
    await client.submitLabels({ completeUntilUs: MARCH_US + 2n * DAY_US - 1n });
    await rig.restart();
    await predict('midnight-end', 6);
    await predicted('midnight-end');
    await rig.client('midnight-end').submitLabels({ completeUntilUs: MARCH_US + DAY_US });
    await eventually(async () => (await announcements('midnight-end')).length === 1);
    expect(await announcements('midnight')).toHaveLength(1);
  });
});

async function announcements(tenant: string): Promise<LabelsAdvanced[]> {
  const rows = await rig.database.query<{ payload: Buffer }>(
    `SELECT payload FROM outbox WHERE tenant = $1 AND subject = 'plumbline.monitor.labels-advanced'
     ORDER BY enqueued_at`,
    [tenant],
  );
  return rows.map(({ payload }) => fromBinary(LabelsAdvancedSchema, payload));
}
