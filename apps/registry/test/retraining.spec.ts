import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { fromBinary } from '@bufbuild/protobuf';
import { LabelsAdvancedSchema, TrainingRequestedSchema } from '@plumbline/contract-events';
import { connectEvents, enqueue, eventOf, type EventBus } from '@plumbline/events';
import { DAY_US } from '@plumbline/release';
import { eventually, silentLog } from '@plumbline/testing';
import { registerVersion, startRegistry, type Clients, type Harness } from './harness.ts';

let harness: Harness;
let operator: Clients;
let bus: EventBus;
beforeAll(async () => {
  harness = await startRegistry();
  operator = harness.as('operator');
  bus = await connectEvents({ url: harness.natsUrl, service: 'monitor', log: silentLog });
  await operator.registry.createModel({ model: 'flights' });
});
afterAll(async () => {
  await bus.close();
  await harness.close();
});

const MARCH_21 = 985_132_800_000_000n;
const template = {
  ...{ featureService: 'flight_delay', spineSource: 'flights', spineInstant: 'date', label: 'delay > 15' },
  ...{ requestValues: { departure_us: 'date' }, fitFromUs: 978_307_200_000_000n, gateLengthUs: 3n * DAY_US },
  ...{ parametersJson: '{"trees":10}', seed: 7n, baselineFeature: 'airport_outcomes:late_share_24h' },
};
const putRule = (minNewLabels: bigint) =>
  operator.registry.putRetrainingRule({
    model: 'flights',
    rule: { name: 'volume', minNewLabels, cooldownUs: 2n * DAY_US, training: template },
  });

/** The registry's own relay publishes it, as monitor's would. */
async function advanceLabels(boundaryUs: bigint, labelsTotal: bigint): Promise<void> {
  const event = eventOf(
    LabelsAdvancedSchema,
    { model: 'flights', boundaryUs, labelsTotal },
    { subject: 'plumbline.monitor.labels-advanced', tenant: 'acme', nowUs: harness.clock.nowUs() },
  );
  await harness.database.transaction((tx) => enqueue(tx, [event]));
  await eventually(async () => {
    const rows = await harness.database.query('SELECT 1 FROM inbox WHERE event_id = $1', [event.id]);
    return rows.length > 0;
  });
}
const requested = async () => {
  const rows = await harness.database.query<{ payload: Buffer }>(
    `SELECT payload FROM outbox WHERE subject = 'plumbline.registry.training-requested' ORDER BY enqueued_at`,
  );
  return rows.map(({ payload }) => fromBinary(TrainingRequestedSchema, payload));
};
const firings = async () => (await operator.registry.listRetrainings({ model: 'flights' })).retrainings;

describe('a retraining rule', () => {
  it('fires at the midnight at which enough labels are new, once, and asks for the training', async () => {
    await putRule(1_000n);
    await advanceLabels(MARCH_21 - DAY_US, 999n);
    expect(await firings()).toEqual([]);
    await advanceLabels(MARCH_21, 1_500n);
    await advanceLabels(MARCH_21, 1_500n);
    const [firing, ...others] = await firings();
    expect(others).toEqual([]);
    expect(firing).toMatchObject({
      rule: 'volume',
      firedAtUs: MARCH_21,
      newLabels: 1_500n,
      candidateDigest: '',
    });
    const [order] = await requested();
    expect(order).toMatchObject({
      ...{ jobId: firing?.jobId, rule: 'volume' },
      spec: {
        ...{ model: 'flights', parametersJson: '{"trees":10}', seed: 7n },
        fit: { fromUs: template.fitFromUs, toUs: MARCH_21 - 3n * DAY_US, knownByUs: MARCH_21 },
        gate: { fromUs: MARCH_21 - 3n * DAY_US, toUs: MARCH_21, knownByUs: MARCH_21, label: 'delay > 15' },
      },
    });
  });

  it('waits for the training that runs, takes its candidate, and fires again after the cool-down', async () => {
    await advanceLabels(MARCH_21 + DAY_US, 9_000n);
    expect(await firings()).toHaveLength(1);
    const { digest } = await registerVersion(harness, 'flights', 'candidate', (await firings())[0]?.jobId);
    expect((await firings())[0]?.candidateDigest).toBe(digest);
    await advanceLabels(MARCH_21 + DAY_US, 9_000n);
    expect(await firings()).toHaveLength(1);
    await advanceLabels(MARCH_21 + 2n * DAY_US, 9_000n);
    expect(await firings()).toHaveLength(2);
  });

  it('fires again when a training gave no candidate in time, but not after three of those', async () => {
    for (let round = 1n; round <= 4n; round++) {
      harness.clock.advanceMs(6 * 3_600_000);
      await advanceLabels(MARCH_21 + (2n + 2n * round) * DAY_US, 9_000n + round * 2_000n);
    }
    expect(await firings()).toHaveLength(4);
    await putRule(1_001n);
    await advanceLabels(MARCH_21 + 20n * DAY_US, 90_000n);
    expect(await firings()).toHaveLength(5);
  });

  it('is refused without a volume or a training', async () => {
    await expect(
      operator.registry.putRetrainingRule({ model: 'flights', rule: { name: 'r' } }),
    ).rejects.toMatchObject({
      fieldViolations: [{ field: 'rule.min_new_labels' }, { field: 'rule.training' }],
    });
  });
});
