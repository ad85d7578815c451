import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { fromBinary } from '@bufbuild/protobuf';
import { DecisionRecordedSchema } from '@plumbline/contract-events';
import { GateVerdict } from '@plumbline/contract-registry';
import { ServiceError } from '@plumbline/errors';
import {
  BETTER,
  NOT_WORSE,
  passGate,
  registerVersion,
  releaseChampion,
  sha256,
  startRegistry,
  type Clients,
  type Harness,
} from './harness.ts';

let harness: Harness;
let operator: Clients;
beforeAll(async () => {
  harness = await startRegistry();
  operator = harness.as('operator');
});
afterAll(() => harness.close());

const newModel = async (): Promise<string> => {
  const model = `m_${randomUUID().replaceAll('-', '_')}`;
  await operator.registry.createModel({ model });
  return model;
};
const move = (model: string, digest: string, expectedDigest: string, ...decisionIds: string[]) =>
  operator.registry.moveAlias({ model, alias: 'champion', digest, expectedDigest, decisionIds });

describe('EvaluateGate', () => {
  it('is inconclusive without evidence and says on what', async () => {
    const model = await newModel();
    const { digest } = await registerVersion(harness, model, 'a');
    const { verdict, reasons } = await operator.registry.evaluateGate({ model, digest, gate: BETTER });
    expect(verdict).toBe(GateVerdict.INCONCLUSIVE);
    expect(reasons).toEqual(['no evidence on roc_auc minus that of feature late_share_24h']);
  });

  it('is inconclusive against an alias that points at nothing', async () => {
    const model = await newModel();
    const { digest } = await registerVersion(harness, model, 'a');
    const { verdict } = await operator.registry.evaluateGate({ model, digest, gate: NOT_WORSE });
    expect(verdict).toBe(GateVerdict.INCONCLUSIVE);
  });

  it('refuses a gate without conditions, and conditions without a subject', async () => {
    const model = await newModel();
    const { digest } = await registerVersion(harness, model, 'a');
    const evaluate = (conditions: object[]) =>
      operator.registry.evaluateGate({ model, digest, gate: { name: 'g', conditions } });
    await expect(evaluate([])).rejects.toMatchObject({ fieldViolations: [{ field: 'gate.conditions' }] });
    await expect(evaluate([{ metric: 'roc_auc' }])).rejects.toMatchObject({
      fieldViolations: [{ field: 'gate.conditions[0].subject' }],
    });
  });

  it('records every decision for audit', async () => {
    const model = await newModel();
    const { digest } = await registerVersion(harness, model, 'a');
    const decisionId = await passGate(harness, model, digest);
    const rows = await harness.database.query<{ verdict: string }>(
      'SELECT verdict FROM gate_decisions WHERE tenant = $1 AND decision_id = $2',
      ['acme', decisionId],
    );
    expect(rows).toEqual([{ verdict: 'PASSED' }]);
    const events = await harness.database.query(
      `SELECT 1 FROM outbox WHERE subject = 'plumbline.registry.decision-recorded'
         AND position($1::bytea IN payload) > 0`,
      [Buffer.from(decisionId)],
    );
    expect(events).toHaveLength(1);
  });
});

describe('declarations', () => {
  it('of routes and retraining rules are recorded as decisions, once each', async () => {
    const model = await newModel();
    const route = { name: model, model, alias: 'champion' };
    for (let round = 0; round < 2; round++) await operator.registry.putRoute({ route });
    await operator.registry.putRetrainingRule({
      model,
      rule: {
        name: 'volume',
        minNewLabels: 10n,
        training: {
          ...{ featureService: 'f', spineSource: 's', spineInstant: 'date', label: 'late' },
          gateLengthUs: 1n,
        },
      },
    });
    const rows = await harness.database.query<{ payload: Buffer }>(
      `SELECT payload FROM outbox WHERE subject = 'plumbline.registry.decision-recorded'
         AND position($1::bytea IN payload) > 0 ORDER BY enqueued_at`,
      [Buffer.from(model)],
    );
    const decisions = rows.map(({ payload }) => fromBinary(DecisionRecordedSchema, payload));
    expect(decisions.map(({ action, subject }) => [action, subject])).toEqual([
      ['route_declared', `route/${model}`],
      ['retraining_rule_declared', `model/${model}/rule/volume`],
    ]);
  });
});

describe('MoveAlias', () => {
  it('needs a passed gate for the first champion', async () => {
    const model = await newModel();
    const { digest } = await registerVersion(harness, model, 'a');
    await expect(move(model, digest, '')).rejects.toMatchObject({
      codeName: 'FAILED_PRECONDITION',
      reason: 'GATE_NOT_PASSED',
    });
    const { decisionId } = await operator.registry.evaluateGate({ model, digest, gate: BETTER });
    await expect(move(model, digest, '', decisionId)).rejects.toMatchObject({ reason: 'GATE_NOT_PASSED' });
    const { release } = await move(model, digest, '', await passGate(harness, model, digest));
    expect(release).toMatchObject({ kind: 'move', digest, previousDigest: '', actor: 'service:operator' });
  });

  it('needs a gate against the champion that it replaces', async () => {
    const model = await newModel();
    const first = await releaseChampion(harness, model, 'a');
    const { digest } = await registerVersion(harness, model, 'b');
    const baseline = await passGate(harness, model, digest);
    await expect(move(model, digest, first.digest, baseline)).rejects.toMatchObject({
      reason: 'GATE_NOT_PASSED',
    });
    const compared = await passGate(harness, model, digest, first.digest);
    const { release } = await move(model, digest, first.digest, compared);
    expect(release).toMatchObject({ digest, previousDigest: first.digest, decisionIds: [compared] });
  });

  it('refuses a stale expectation and says what the alias points at', async () => {
    const model = await newModel();
    const first = await releaseChampion(harness, model, 'a');
    const { digest } = await registerVersion(harness, model, 'b');
    const decision = await passGate(harness, model, digest, first.digest);
    await expect(move(model, digest, sha256('other'), decision)).rejects.toMatchObject({
      codeName: 'ABORTED',
      reason: 'ALIAS_MOVED',
      metadata: { current: first.digest },
    });
  });

  it('refuses unknown versions, decisions and models', async () => {
    const model = await newModel();
    const { digest } = await registerVersion(harness, model, 'a');
    await expect(move(model, sha256('none'), '')).rejects.toMatchObject({ reason: 'VERSION_NOT_FOUND' });
    await expect(move(model, digest, '', randomUUID())).rejects.toMatchObject({
      reason: 'DECISION_NOT_FOUND',
    });
    await expect(move('unknown', digest, '')).rejects.toMatchObject({ reason: 'MODEL_NOT_FOUND' });
  });

  it('lets exactly one of many concurrent moves win, round after round', async () => {
    const model = await newModel();
    const versions = [];
    for (const content of ['a', 'b', 'c', 'd']) versions.push(await registerVersion(harness, model, content));
    let current = '';
    for (let round = 0; round < 4; round++) {
      const rivals = versions.filter(({ digest }) => digest !== current);
      const decisions = await Promise.all(
        rivals.map(({ digest }) => passGate(harness, model, digest, current === '' ? undefined : current)),
      );
      const outcomes = await Promise.allSettled(
        [...rivals, ...rivals].map(({ digest }, index) =>
          move(model, digest, current, decisions[index % rivals.length] as string),
        ),
      );
      const won = outcomes.flatMap((one) => (one.status === 'fulfilled' ? [one.value.release?.digest] : []));
      const lost = outcomes.flatMap((one) => (one.status === 'rejected' ? [one.reason as unknown] : []));
      expect(won).toHaveLength(1);
      expect(lost.every((error) => error instanceof ServiceError && error.reason === 'ALIAS_MOVED')).toBe(
        true,
      );
      current = won[0] ?? '';
    }
    const { releases } = await operator.registry.listReleases({ model });
    expect(releases).toHaveLength(4);
    releases.forEach((release, index) => {
      expect(release.previousDigest).toBe(releases[index + 1]?.digest ?? '');
    });
  });
});

describe('Rollback', () => {
  const rollback = (model: string, expectedDigest: string) =>
    operator.registry.rollback({ model, alias: 'champion', expectedDigest, reason: 'worse in the field' });

  it('goes back to the version before, without a gate, as one row', async () => {
    const model = await newModel();
    const first = await releaseChampion(harness, model, 'a');
    const second = await releaseChampion(harness, model, 'b', first.digest);
    const { release } = await rollback(model, second.digest);
    expect(release).toMatchObject({
      ...{ kind: 'rollback', digest: first.digest, previousDigest: second.digest },
      ...{ decisionIds: [], reason: 'worse in the field' },
    });
    const { releases } = await operator.registry.listReleases({ model });
    expect(releases.map(({ kind }) => kind)).toEqual(['rollback', 'move', 'move']);
  });

  it('does not come forward again when there is nothing further back', async () => {
    const model = await newModel();
    const first = await releaseChampion(harness, model, 'a');
    await expect(rollback(model, first.digest)).rejects.toMatchObject({ reason: 'NOTHING_TO_ROLL_BACK' });
    const second = await releaseChampion(harness, model, 'b', first.digest);
    await rollback(model, second.digest);
    await expect(rollback(model, first.digest)).rejects.toMatchObject({
      codeName: 'FAILED_PRECONDITION',
      reason: 'NOTHING_TO_ROLL_BACK',
    });
  });

  it('refuses a stale expectation, and a release of before the window', async () => {
    const model = await newModel();
    const first = await releaseChampion(harness, model, 'a');
    const second = await releaseChampion(harness, model, 'b', first.digest);
    await expect(rollback(model, first.digest)).rejects.toMatchObject({ reason: 'ALIAS_MOVED' });
    harness.clock.advanceMs(7 * 86_400_000 + 1);
    await expect(rollback(model, second.digest)).rejects.toMatchObject({ reason: 'ROLLBACK_WINDOW_PASSED' });
  });
});

describe('ListReleases', () => {
  it('answers what served at an instant', async () => {
    const model = await newModel();
    const first = await releaseChampion(harness, model, 'a');
    const betweenUs = harness.clock.nowUs() + 1_000n;
    harness.clock.advanceMs(60_000);
    const second = await releaseChampion(harness, model, 'b', first.digest);
    const at = async (atUs: bigint) =>
      (await operator.registry.listReleases({ model, alias: 'champion', atUs, pageSize: 1 })).releases[0]
        ?.digest;
    expect(await at(betweenUs)).toBe(first.digest);
    expect(await at(0n)).toBe(second.digest);
    expect(await at(1n)).toBeUndefined();
  });

  it('shows aliases on versions', async () => {
    const model = await newModel();
    const { digest } = await releaseChampion(harness, model, 'a');
    const { version } = await operator.registry.getVersion({
      model,
      which: { case: 'alias', value: 'champion' },
    });
    expect(version).toMatchObject({ digest, aliases: ['champion'] });
  });
});
