import { randomUUID } from 'node:crypto';
import { TrainingRequestedSchema } from '@plumbline/contract-events';
import { JobState, type Job } from '@plumbline/contract-trainer';
import { connectEvents, enqueue, eventOf, startRelay } from '@plumbline/events';
import { manifestDigest } from '@plumbline/release';
import { migrate, openDatabase } from '@plumbline/sql';
import { parseSignature } from '@plumbline/signature';
import { eventually, silentLog, testEvents } from '@plumbline/testing';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { FEATURES, SHARE } from './flights.ts';
import { startRig, type TrainerRig } from './rig.ts';
import { rowsOfDays, specOfTest } from './specs.ts';

let natsUrl: string;
let rig: TrainerRig;

beforeAll(async () => {
  natsUrl = await testEvents();
  rig = await startRig(natsUrl);
});

beforeEach(() => {
  rig.built.length = 0;
  rig.attached.length = 0;
  rig.registryAway = false;
  rig.holdDatasets = Promise.resolve();
});

afterAll(async () => {
  await rig.close();
});

async function train(jobId: string = randomUUID(), changes = {}): Promise<Job> {
  await rig.client.startTraining({ jobId, spec: specOfTest(changes) });
  return ended(jobId);
}

async function ended(jobId: string): Promise<Job> {
  let last: Job | undefined;
  for await (const { job } of rig.client.watchJob({ jobId }, { timeoutMs: 60_000 })) last = job;
  if (!last) throw new Error('the job was never reported');
  return last;
}

const jobOf = async (jobId: string): Promise<Job> => (await rig.client.getJob({ jobId })).job!;

describe('a training', () => {
  it('ends in a proposal with everything that a release needs', async () => {
    const job = await train();
    expect(job).toMatchObject({ state: JobState.SUCCEEDED, phase: 'registering', failure: '' });
    expect(job.metrics.map(({ name }) => name)).toEqual([
      'roc_auc',
      'brier',
      'log_loss',
      'calibration_in_the_large',
    ]);

    const proposal = rig.registered.at(-1)!;
    expect(job.versionDigest).toBe(manifestDigest(proposal.files));
    expect(proposal.files.map(({ path }) => path).sort()).toEqual([
      'baseline.pb',
      'golden.pb',
      'metadata.json',
      'model.onnx',
      'signature.json',
    ]);
    expect(proposal.provenance).toMatchObject({
      datasetDigest: job.fitDataset!.digest,
      featureServiceVersion: 3,
      viewVersions: { departure: 2 },
      codeCommit: 'c0ffee',
      seed: 7n,
      jobId: job.jobId,
    });
    expect(JSON.parse(proposal.provenance!.parametersJson)).toMatchObject({ trees: 12, leaves: 8 });
    const file = (path: string) => rig.objects.get(proposal.files.find((each) => each.path === path)!.digest);
    const signature = parseSignature((await file('signature.json')).toString());
    expect(signature.inputs.map(({ feature }) => feature)).toEqual(FEATURES);
    expect(signature).toMatchObject({ featureServiceVersion: 3, outputs: [{ name: 'probability' }] });
    expect(JSON.parse((await file('metadata.json')).toString())).toMatchObject({
      datasets: { fit: { digest: job.fitDataset!.digest }, gate: { digest: job.gateDataset!.digest } },
      codeCommit: 'c0ffee',
    });
  });

  it('attaches evidence that its gate can be decided by', async () => {
    const job = await train();
    expect(rig.attached).toMatchObject([
      {
        digest: job.versionDigest,
        evidence: {
          kind: 'comparison',
          datasetDigest: job.gateDataset!.digest,
          comparisons: [{ otherKind: 'feature', other: SHARE, difference: { name: 'roc_auc', n: 2000n } }],
        },
      },
    ]);
    expect(rig.attached[0]!.evidence!.comparisons[0]!.difference!.lower).toBeGreaterThan(0);
  });

  it('proposes the same version for the same data, parameters and seed', async () => {
    const [first, second] = [await train(), await train()];
    expect(second.versionDigest).toBe(first.versionDigest);
    const other = await train(randomUUID(), { parametersJson: '{"trees":11,"leaves":8,"minLeafWeight":5}' });
    expect(other.versionDigest).not.toBe(first.versionDigest);
  });

  it('is asked for once: the same id answers the job that is there, another specification is refused', async () => {
    const jobId = randomUUID();
    await train(jobId);
    const before = rig.built.length;
    const again = await rig.client.startTraining({ jobId, spec: specOfTest() });
    expect(again.job).toMatchObject({ jobId, state: JobState.SUCCEEDED });
    expect(rig.built).toHaveLength(before);
    await expect(rig.client.startTraining({ jobId, spec: specOfTest({ seed: 8n }) })).rejects.toMatchObject({
      reason: 'JOB_SPEC_DIFFERS',
    });
  });

  it('acts as the trainer, for the tenant of the job', async () => {
    await train();
    expect([...rig.identities]).toEqual(['trainer acme']);
  });

  it('waits for a registry that is away, without building its data sets again', async () => {
    rig.registryAway = true;
    const jobId = randomUUID();
    await rig.client.startTraining({ jobId, spec: specOfTest() });
    await eventually(async () => (await jobOf(jobId)).phase === 'registering');
    await eventually(async () => (await jobOf(jobId)).state === JobState.QUEUED);
    rig.registryAway = false;
    expect(await ended(jobId)).toMatchObject({ state: JobState.SUCCEEDED });
    expect(rig.built).toHaveLength(2);
  });

  it.each([
    ['rows that are not there', { gate: rowsOfDays(5n, 200n) }, 'DATASET_EMPTY: '],
    ['a baseline feature that is not there', { baselineFeature: 'no:such' }, 'FEATURE_UNKNOWN: '],
  ])('fails clearly for %s', async (_what, changes, failure) => {
    const job = await train(randomUUID(), changes);
    expect(job).toMatchObject({ state: JobState.FAILED, versionDigest: '' });
    expect(job.failure).toContain(failure);
  });

  it.each([
    ['no specification', {}, 'SPEC_INVALID'],
    ['an id that is no UUID', { jobId: 'mine', spec: specOfTest() }, 'SPEC_INVALID'],
    [
      'a gate before the end of the fit range',
      { spec: specOfTest({ gate: rowsOfDays(4n, 6n) }) },
      'SPEC_INVALID',
    ],
    ['a name that no model can have', { spec: specOfTest({ model: 'Flight Delay' }) }, 'SPEC_INVALID'],
    ['an empty range', { spec: specOfTest({ fit: rowsOfDays(3n, 3n) }) }, 'SPEC_INVALID'],
    ['unknown parameters', { spec: specOfTest({ parametersJson: '{"depth":3}' }) }, 'PARAMETERS_INVALID'],
    [
      'parameters that are no JSON',
      { spec: specOfTest({ parametersJson: 'trees=3' }) },
      'PARAMETERS_INVALID',
    ],
  ])('is refused with %s', async (_what, request, reason) => {
    await expect(rig.client.startTraining(request)).rejects.toMatchObject({
      reason,
      codeName: 'INVALID_ARGUMENT',
    });
  });

  it('is not found by another tenant, nor by an id that never was', async () => {
    const { jobId } = await train();
    const notFound = { reason: 'JOB_NOT_FOUND' };
    await expect(rig.client.getJob({ jobId }, { tenant: 'other' })).rejects.toMatchObject(notFound);
    await expect(rig.client.getJob({ jobId: 'no uuid' })).rejects.toMatchObject(notFound);
    await expect(ended(randomUUID())).rejects.toMatchObject(notFound);
  });
});

describe('a restart', () => {
  it('finishes the job that was in hand, on the same data sets', async () => {
    let release: () => void = () => undefined;
    rig.holdDatasets = new Promise((resolve) => (release = resolve));
    const jobId = randomUUID();
    await rig.client.startTraining({ jobId, spec: specOfTest() });
    await eventually(() => rig.built.length === 1);
    await rig.stopTrainer();
    release();
    await rig.startTrainer();
    expect(await ended(jobId)).toMatchObject({ state: JobState.SUCCEEDED });
  });
});

describe('plumbline.registry.training-requested', () => {
  it('starts the training once, however often it is delivered, and announces the candidate', async () => {
    const database = openDatabase({ url: rig.databaseUrl, schema: rig.schema, log: silentLog });
    const bus = await connectEvents({ url: natsUrl, service: 'registry', log: silentLog });
    await migrate(database, new URL('../migrations/', import.meta.url));
    const relay = startRelay({ database, bus, log: silentLog });
    const jobId = randomUUID();
    const event = () =>
      eventOf(
        TrainingRequestedSchema,
        { jobId, spec: specOfTest(), rule: 'new_labels' },
        { subject: 'plumbline.registry.training-requested', tenant: 'acme', nowUs: 983_404_800_000_000n },
      );
    try {
      await enqueue(database, [event(), event()]);
      relay.kick();
      await eventually(async () => (await jobOf(jobId)).state === JobState.SUCCEEDED);
      await relay.flush();
      const jobs = await database.query<{ requested_by: string; attempts: number }>(
        'SELECT requested_by, attempts FROM job WHERE job_id = $1',
        [jobId],
      );
      expect(jobs).toEqual([{ requested_by: 'rule:new_labels', attempts: 1 }]);
      const proposed = await database.query(
        `SELECT 1 FROM outbox WHERE subject = 'plumbline.trainer.candidate-proposed'
           AND position(convert_to($1, 'UTF8') IN payload) > 0 AND published_at IS NOT NULL`,
        [jobId],
      );
      expect(proposed).toHaveLength(1);
    } finally {
      await relay.close();
      await bus.close();
      await database.close();
    }
  });
});

describe('EvaluateVersions', () => {
  it('scores versions on one data set and attaches what it finds to each of them', async () => {
    const better = await train();
    const worse = await train(randomUUID(), { parametersJson: '{"trees":1,"leaves":2,"minLeafWeight":5}' });
    rig.attached.length = 0;
    const evaluation = await rig.client.evaluateVersions({
      model: 'flight_delay',
      rows: rowsOfDays(10n, 13n),
      versionDigests: [better.versionDigest, worse.versionDigest],
      baselineFeatures: [SHARE],
      attachEvidence: true,
    });
    expect(evaluation.dataset).toMatchObject({ rows: 3000n, featureServiceVersion: 3 });
    expect(evaluation.differences.map(({ otherKind, other }) => [otherKind, other])).toEqual([
      ['version', worse.versionDigest],
      ['feature', SHARE],
    ]);
    const [toVersion] = evaluation.differences;
    expect(rig.attached.map(({ digest }) => digest)).toEqual([better.versionDigest, worse.versionDigest]);
    expect(rig.attached.map(({ evidence }) => evidence!.evidenceId)).toEqual(
      evaluation.versions.map(({ evidenceId }) => evidenceId),
    );
    expect(rig.attached[0]!.evidence!.comparisons).toEqual(
      evaluation.differences.map(({ otherKind, other, difference }) =>
        expect.objectContaining({ otherKind, other, difference }),
      ),
    );
    expect(rig.attached[1]!.evidence!.comparisons).toMatchObject([
      { other: better.versionDigest, difference: { value: -toVersion!.difference!.value } },
    ]);
  });

  it('attaches nothing unless it is asked to', async () => {
    const { versionDigest } = await train();
    rig.attached.length = 0;
    const { versions } = await rig.client.evaluateVersions({
      model: 'flight_delay',
      rows: rowsOfDays(10n, 11n),
      versionDigests: [versionDigest],
    });
    expect(versions).toMatchObject([{ versionDigest, evidenceId: '' }]);
    expect(rig.attached).toEqual([]);
  });

  it.each([
    ['no versions', { versionDigests: [] }, 'SPEC_INVALID'],
    ['a version twice', { versionDigests: ['sha256:1', 'sha256:1'] }, 'SPEC_INVALID'],
    ['a version that was never registered', { versionDigests: ['sha256:1'] }, 'VERSION_NOT_FOUND'],
  ])('refuses %s', async (_what, changes, reason) => {
    const request = { model: 'flight_delay', rows: rowsOfDays(10n, 11n), ...changes };
    await expect(rig.client.evaluateVersions(request)).rejects.toMatchObject({ reason });
  });
});
