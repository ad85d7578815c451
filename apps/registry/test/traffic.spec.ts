import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { AuditClass } from '@plumbline/contract-registry';
import { eventually } from '@plumbline/testing';
import { startReplica, type FakeReplica } from './fake-replica.ts';
import {
  attachStepEvidence,
  passGate,
  registerVersion,
  releaseChampion,
  startRegistry,
  type Clients,
  type Harness,
} from './harness.ts';

let harness: Harness;
let operator: Clients;
let replicas: FakeReplica[] = [];
let model = '';
beforeAll(async () => {
  harness = await startRegistry();
  operator = harness.as('operator');
});
afterAll(() => harness.close());
beforeEach(async () => {
  model = `m_${randomUUID().replaceAll('-', '_')}`;
  await operator.registry.createModel({ model });
});
afterEach(async () => {
  for (const replica of replicas) {
    await replica.close();
    await harness
      .as('gateway')
      .traffic.reportReplica({ replicaId: replica.id, kind: 'gateway', leaving: true });
  }
  replicas = [];
});

async function start(kind: 'gateway' | 'inference', id = `${kind}-${randomUUID()}`): Promise<FakeReplica> {
  const replica = await startReplica(harness, kind, id);
  replicas.push(replica);
  return replica;
}
const putRoute = () =>
  operator.registry.putRoute({
    route: { name: model, model, alias: 'champion', auditClass: AuditClass.MANDATORY },
  });
const planOf = (replica: FakeReplica) => replica.snapshot?.routes.find(({ route }) => route?.name === model);
const variantsOf = (replica: FakeReplica) =>
  planOf(replica)?.variants.map(({ name, digest, weightBp }) => [name, digest, weightBp]);
const wait = (epoch: bigint, timeoutMs = 20_000) => operator.traffic.waitForEpoch({ epoch }, { timeoutMs });

describe('a route', () => {
  it('carries its champion once every inference replica has loaded it', async () => {
    const gateway = await start('gateway');
    const [one, two] = [await start('inference'), await start('inference')];
    await putRoute();
    const { digest } = await registerVersion(harness, model, 'a');
    two.broken.add(digest);
    const decisionIds = [await passGate(harness, model, digest)];
    const { epoch } = await operator.registry.moveAlias({ model, alias: 'champion', digest, decisionIds });
    await eventually(() => one.snapshot?.versions.some((version) => version.digest === digest));
    await expect(wait(epoch)).rejects.toMatchObject({
      codeName: 'FAILED_PRECONDITION',
      reason: 'VERSION_NOT_LOADABLE',
      metadata: { replica: two.id, digest, reason: 'ARTIFACT_CORRUPT' },
    });
    expect(variantsOf(gateway)).toEqual([]);
    two.broken.delete(digest);
    await two.follow();
    const { epoch: effective } = await wait(epoch);
    expect(effective).toBeGreaterThan(epoch);
    expect(variantsOf(gateway)).toEqual([['champion', digest, 10_000]]);
    expect(planOf(gateway)?.route?.auditClass).toBe(AuditClass.MANDATORY);
  });

  it('is declared again without a new epoch, and keeps its salt when it changes', async () => {
    const gateway = await start('gateway');
    const first = await putRoute();
    expect((await putRoute()).epoch).toBe(first.epoch);
    await wait(first.epoch);
    const salt = planOf(gateway)?.salt;
    const changed = await operator.registry.putRoute({ route: { name: model, model, alias: 'champion' } });
    await wait(changed.epoch);
    expect(changed.epoch).toBeGreaterThan(first.epoch);
    expect(planOf(gateway)?.salt).toBe(salt);
  });

  it('needs its model', async () => {
    await expect(
      operator.registry.putRoute({ route: { name: 'r', model: 'unknown', alias: 'champion' } }),
    ).rejects.toMatchObject({ reason: 'MODEL_NOT_FOUND' });
  });
});

describe('Rollback', () => {
  it('is in effect on every replica once its epoch is, told by hints alone', async () => {
    const gateway = await start('gateway');
    await start('inference');
    await putRoute();
    const first = await releaseChampion(harness, model, 'a');
    const second = await releaseChampion(harness, model, 'b', first.digest);
    await wait(second.epoch);
    expect(variantsOf(gateway)).toEqual([['champion', second.digest, 10_000]]);
    const { epoch } = await operator.registry.rollback({
      ...{ model, alias: 'champion', expectedDigest: second.digest, reason: 'test' },
    });
    const waited = await wait(epoch);
    expect(waited.epoch).toBe(epoch);
    expect(waited.replicaIds).toEqual(replicas.map(({ id }) => id).sort());
    expect(variantsOf(gateway)).toEqual([['champion', first.digest, 10_000]]);
  });
});

describe('a rollout', () => {
  async function begin() {
    const gateway = await start('gateway');
    const inference = await start('inference');
    await putRoute();
    const champion = await releaseChampion(harness, model, 'a');
    await wait(champion.epoch);
    const { digest: candidate } = await registerVersion(harness, model, 'b');
    const decisionIds = [await passGate(harness, model, candidate, champion.digest)];
    const { rollout } = await operator.registry.startRollout({
      ...{ model, alias: 'champion', candidateDigest: candidate, decisionIds },
      ...{ canaryWeightBp: 1_000, shadowShareBp: 10_000 },
    });
    await wait(rollout?.epoch ?? 0n);
    return { gateway, inference, champion: champion.digest, candidate, id: rollout?.rolloutId ?? '' };
  }
  const advance = (rolloutId: string, expectedStep: number, ...evidenceIds: string[]) =>
    operator.registry.advanceRollout({ rolloutId, expectedStep, evidenceIds, reason: 'test' });

  it('goes from shadow over canary to promotion, each on its own evidence', async () => {
    const { gateway, champion, candidate, id } = await begin();
    expect(planOf(gateway)).toMatchObject({ shadowDigest: candidate, shadowShareBp: 10_000 });
    await expect(advance(id, 1)).rejects.toMatchObject({ reason: 'EVIDENCE_MISSING' });
    const mirrored = await attachStepEvidence(harness, model, candidate, 'shadow');
    const canary = await advance(id, 1, mirrored);
    await wait(canary.rollout?.epoch ?? 0n);
    expect(variantsOf(gateway)).toEqual([
      ['champion', champion, 9_000],
      ['canary', candidate, 1_000],
    ]);
    expect(planOf(gateway)?.shadowDigest).toBe('');
    harness.clock.advanceMs(1);
    const measured = await attachStepEvidence(harness, model, candidate, 'evaluation');
    const promoted = await advance(id, 2, measured);
    await wait(promoted.rollout?.epoch ?? 0n);
    expect(variantsOf(gateway)).toEqual([['champion', candidate, 10_000]]);
    const { releases } = await operator.registry.listReleases({ model });
    expect(releases[0]).toMatchObject({ kind: 'promotion', digest: candidate, previousDigest: champion });
    const { rollout } = await operator.registry.getRollout({ rolloutId: id });
    expect(rollout?.transitions.map(({ step }) => step)).toEqual([1, 2, 3]);
    expect(rollout?.inEffect).toBe(true);
  });

  it('refuses a second one, a stale step, and a move of its alias', async () => {
    const { champion, candidate, id } = await begin();
    const decisionIds = [await passGate(harness, model, candidate, champion)];
    const weights = { canaryWeightBp: 1, shadowShareBp: 1 };
    await expect(
      operator.registry.startRollout({
        ...{ model, alias: 'champion', candidateDigest: candidate, decisionIds, ...weights },
      }),
    ).rejects.toMatchObject({ codeName: 'ALREADY_EXISTS', reason: 'ROLLOUT_ACTIVE' });
    await expect(
      operator.registry.moveAlias({
        ...{ model, alias: 'champion', digest: candidate, expectedDigest: champion, decisionIds },
      }),
    ).rejects.toMatchObject({ reason: 'ROLLOUT_ACTIVE' });
    await expect(advance(id, 2)).rejects.toMatchObject({
      codeName: 'ABORTED',
      reason: 'ROLLOUT_STEP_MISMATCH',
    });
  });

  it('holds while a replica does not act by its step', async () => {
    const { gateway, candidate, id } = await begin();
    const evidence = await attachStepEvidence(harness, model, candidate, 'shadow');
    await harness.as('gateway').traffic.reportReplica({ replicaId: gateway.id, kind: 'gateway', epoch: 1n });
    await expect(advance(id, 1, evidence)).rejects.toMatchObject({ reason: 'ROLLOUT_STEP_NOT_EFFECTIVE' });
    await gateway.follow();
    const { rollout } = await advance(id, 1, evidence);
    expect(rollout?.step).toBe(2);
  });

  it('takes evidence of before the step for none', async () => {
    const { gateway, candidate, id } = await begin();
    const early = await attachStepEvidence(harness, model, candidate, 'shadow');
    harness.clock.advanceMs(1);
    const { rollout } = await advance(id, 1, early);
    await wait(rollout?.epoch ?? 0n);
    await gateway.follow();
    await expect(advance(id, 2, early)).rejects.toMatchObject({ reason: 'EVIDENCE_MISSING' });
  });

  it('is aborted by a rollback of its alias, and by hand', async () => {
    const { gateway, champion, id } = await begin();
    const aborted = await operator.registry.abortRollout({ rolloutId: id, reason: 'enough' });
    await wait(aborted.rollout?.epoch ?? 0n);
    expect(planOf(gateway)).toMatchObject({ shadowDigest: '' });
    expect(variantsOf(gateway)).toEqual([['champion', champion, 10_000]]);
    await expect(advance(id, 4)).rejects.toMatchObject({ reason: 'ROLLOUT_ENDED' });
  });
});

describe('versions to keep', () => {
  it('stay until every gateway has stopped naming them', async () => {
    const gateway = await start('gateway');
    const slow = await start('gateway');
    const inference = await start('inference');
    await putRoute();
    const champion = await releaseChampion(harness, model, 'a');
    const { digest: candidate } = await registerVersion(harness, model, 'b');
    const decisionIds = [await passGate(harness, model, candidate, champion.digest)];
    const { rollout } = await operator.registry.startRollout({
      ...{ model, alias: 'champion', candidateDigest: candidate, decisionIds },
      ...{ canaryWeightBp: 1_000, shadowShareBp: 10_000 },
    });
    await wait(rollout?.epoch ?? 0n);
    await slow.close();
    const kept = () =>
      inference.snapshot?.versions.some((version) => version.model === model && version.digest === candidate);
    const rolloutId = rollout?.rolloutId ?? '';
    const aborted = await operator.registry.abortRollout({ rolloutId, reason: 'test' });
    await eventually(() => (gateway.snapshot?.epoch ?? 0n) >= (aborted.rollout?.epoch ?? 0n));
    await inference.follow();
    expect(kept()).toBe(true);
    await harness
      .as('gateway')
      .traffic.reportReplica({ replicaId: slow.id, kind: 'gateway', epoch: aborted.rollout?.epoch ?? 0n });
    await eventually(() => kept() === false);
  });
});

describe('a lease', () => {
  it('that ran out no longer holds a change back', async () => {
    const gateway = await start('gateway');
    await harness.as('gateway').traffic.reportReplica({ replicaId: 'dead', kind: 'gateway', epoch: 0n });
    const { epoch } = await putRoute();
    await eventually(() => gateway.snapshot?.epoch === epoch);
    await expect(wait(epoch, 200)).rejects.toMatchObject({
      codeName: 'DEADLINE_EXCEEDED',
      reason: 'REPLICAS_BEHIND',
      metadata: { behind: 'dead' },
    });
    harness.clock.advanceMs(10_001);
    await gateway.follow();
    expect((await wait(epoch)).replicaIds).toEqual([gateway.id]);
  });

  it('is needed: without any replica nothing is in effect', async () => {
    harness.clock.advanceMs(10_001);
    const { epoch } = await putRoute();
    await expect(wait(epoch, 200)).rejects.toMatchObject({ reason: 'REPLICAS_BEHIND' });
  });
});

describe('GetTrafficSnapshot', () => {
  it('is empty when the epoch is known', async () => {
    const { traffic } = harness.as('gateway');
    const { epoch, snapshot } = await traffic.getTrafficSnapshot({});
    expect(snapshot?.epoch).toBe(epoch);
    expect(await traffic.getTrafficSnapshot({ knownEpoch: epoch })).toMatchObject({ epoch });
    expect((await traffic.getTrafficSnapshot({ knownEpoch: epoch })).snapshot).toBeUndefined();
  });
});
