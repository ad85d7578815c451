import { randomUUID } from 'node:crypto';
import type { Evidence } from '@plumbline/contract-registry';
import { GateVerdict, RolloutStep, type Rollout } from '@plumbline/contract-registry';
import { day } from './flights.ts';
import type { FlightReplay } from './flight-replay.ts';
import { MARCH, MARCH_KNOWN_US, type March } from './march.ts';
import { until } from './retry.ts';
import { Step, type StepReport } from './report.ts';
import { BASELINE_FEATURE, CHAMPION, FEATURE_SERVICE, MODEL, SOURCE, type Setting } from './setting.ts';
import { metricFigure, SEED, watchJob } from './train-step.ts';
import { flightsBetween, LABEL, REQUEST_VALUES, SPINE_INSTANT } from './training-sets.ts';

/** New labels that set off a retraining: about what 20 days of the sample bring. */
const MIN_NEW_LABELS = 13_800n;
const FLIGHTS_21_TO_25_MARCH = 82_601;
/** Of those, the ones whose outcome is known at 26 March 00:00. */
const KNOWN_AT_26_MARCH = 81_276;
const CANARY_BP = 1_000;

/** Declares before the replay when the model is trained again. */
export async function putRetrainingRule({ clients }: Setting): Promise<void> {
  await clients.registry.putRetrainingRule({
    model: MODEL,
    rule: {
      name: 'enough_new_labels',
      minNewLabels: MIN_NEW_LABELS,
      cooldownUs: day(1, 15) - day(1, 1),
      training: {
        featureService: FEATURE_SERVICE,
        spineSource: SOURCE,
        spineInstant: SPINE_INSTANT,
        label: LABEL,
        requestValues: REQUEST_VALUES,
        fitFromUs: day(1, 1),
        gateLengthUs: day(1, 8) - day(1, 1),
        parametersJson: '',
        seed: SEED,
        baselineFeature: BASELINE_FEATURE,
      },
    },
  });
}

export interface Improved {
  readonly report: StepReport;
  readonly candidateDigest: string;
}

/** Step 7, from 21 March on: retrain, judge, shadow, canary, promote, roll back, while the replay goes on. */
export async function improveStep(
  setting: Setting,
  march: March,
  replay: FlightReplay,
  championDigest: string,
): Promise<Improved> {
  const { screen, clients } = setting;
  const step = new Step('improve', screen);
  screen.say('\n7  Train again on new labels; shadow, canary, promotion, rollback');
  const firing = await until(
    'the rule on new labels firing',
    () => clients.registry.listRetrainings({ model: MODEL }),
    ({ retrainings }) => retrainings.length > 0,
  );
  const retraining = firing.retrainings[0];
  step.figure('newLabels', retraining?.newLabels);
  step.check(
    'the rule on new labels fires at 21 March 00:00',
    firing.retrainings.length === 1 && retraining?.firedAtUs === day(3, 21),
    `${retraining?.newLabels} labels, ${instantText(retraining?.firedAtUs ?? 0n)}`,
  );

  await replayTo(setting, march, replay, day(3, 26), 'replay 21–25 March');
  const progress = screen.progress('training the candidate');
  const job = await watchJob(clients.trainer, retraining?.jobId ?? '', (share, phase) =>
    progress.update(share, phase),
  );
  const candidateDigest = job.versionDigest;
  progress.done(`version ${candidateDigest.slice(7, 19)}`);

  const pair = [candidateDigest, championDigest] as const;
  // No outcome is looked at before it is known: the last of 25 March's come in the small hours of the 26th.
  const decisionId = await judgeCandidate(setting, step, pair, {
    instantUs: day(3, 26),
    flights: KNOWN_AT_26_MARCH,
  });
  const rollout = await startShadow(setting, candidateDigest, decisionId);
  await replayTo(setting, march, replay, day(3, 28), 'replay with shadow');
  await judgeCandidate(setting, step, pair, { instantUs: day(3, 28), flights: FLIGHTS_21_TO_25_MARCH });
  const shadowed = await toCanary(setting, step, rollout, candidateDigest);
  await replayTo(setting, march, replay, MARCH.toUs, 'replay with canary');
  await promote(setting, step, shadowed, candidateDigest);
  await rollBack(setting, step, candidateDigest, championDigest);
  await replayTo(setting, march, replay, MARCH_KNOWN_US, 'the last outcomes of March');
  return { report: step.report(), candidateDigest };
}

async function replayTo(
  setting: Setting,
  march: March,
  replay: FlightReplay,
  instantUs: bigint,
  label: string,
): Promise<void> {
  const progress = setting.screen.progress(label);
  await replay.run(march.until(instantUs), progress, MARCH);
  progress.done(`${replay.outcomes} outcomes so far`);
}

/**
 * Scores both versions on the flights of 21–25 March whose outcomes are known by an instant, and judges the candidate
 * by the difference. Answers the gate's decision.
 */
async function judgeCandidate(
  { clients }: Setting,
  step: Step,
  [candidate, champion]: readonly [string, string],
  knownBy: { readonly instantUs: bigint; readonly flights: number },
): Promise<string> {
  const { dataset, differences, versions } = await clients.trainer.evaluateVersions(
    {
      model: MODEL,
      rows: flightsBetween(day(3, 21), day(3, 26), knownBy.instantUs),
      versionDigests: [candidate, champion],
      attachEvidence: true,
    },
    { timeoutMs: 120_000 },
  );
  const at = instantText(knownBy.instantUs);
  step.figure(
    `scored at ${at}`,
    versions.flatMap(({ versionDigest, metrics }) =>
      metrics.map((m) => ({ versionDigest, ...metricFigure(m) })),
    ),
  );
  step.check(
    `at ${at} both versions are scored on every flight of 21–25 March with a known outcome`,
    Number(dataset?.rows) === knownBy.flights,
    `${dataset?.rows} flights`,
  );
  const gate = await clients.registry.evaluateGate({
    model: MODEL,
    digest: candidate,
    gate: {
      name: 'not_worse_than_champion',
      conditions: [
        {
          metric: 'roc_auc',
          subject: { case: 'otherAlias', value: CHAMPION },
          differenceLowerAbove: -0.005,
          minExamples: 10_000n,
        },
      ],
    },
  });
  const difference = differences.find(({ other }) => other === champion)?.difference;
  step.check(
    'the candidate is not worse than the champion: lower bound of the difference above −0.005',
    gate.verdict === GateVerdict.PASSED && (difference?.lower ?? -1) > -0.005,
    `${difference?.value.toFixed(4)} [${difference?.lower.toFixed(4)}, ${difference?.upper.toFixed(4)}]`,
  );
  return gate.decisionId;
}

async function startShadow(
  { clients }: Setting,
  candidateDigest: string,
  decisionId: string,
): Promise<Rollout> {
  const { rollout } = await clients.registry.startRollout({
    model: MODEL,
    candidateDigest,
    alias: CHAMPION,
    decisionIds: [decisionId],
    canaryWeightBp: CANARY_BP,
    shadowShareBp: 10_000,
  });
  if (rollout === undefined) throw new Error('the registry started no rollout');
  await clients.traffic.waitForEpoch({ epoch: rollout.epoch }, { timeoutMs: 30_000 });
  return rollout;
}

async function toCanary(
  { clients }: Setting,
  step: Step,
  rollout: Rollout,
  candidate: string,
): Promise<Rollout> {
  const shadow = await until(
    'the monitor seeing the shadow',
    () => clients.monitor.getPerformance({ model: MODEL, modelDigest: candidate, variant: 'shadow' }),
    ({ predictions, labelled }) => Number(labelled) > 0.9 * Number(predictions) && predictions > 0n,
  );
  step.figure('shadow', {
    predictions: shadow.predictions,
    labelled: shadow.labelled,
    live: shadow.live.map(metricFigure),
  });
  step.check(
    'the candidate ran in the shadow of every request of 26–27 March',
    shadow.predictions > 0n,
    `${shadow.predictions} mirrored`,
  );
  const evidence = evidenceOf('shadow', shadow.live);
  await clients.registry.attachEvidence({ model: MODEL, digest: candidate, evidence });
  return advance(
    { clients },
    rollout,
    RolloutStep.SHADOW,
    evidence.evidenceId,
    'scores in the shadow look sound',
  );
}

async function promote(
  { clients, screen }: Setting,
  step: Step,
  rollout: Rollout,
  candidate: string,
): Promise<void> {
  const canary = await until(
    'the monitor seeing the canary',
    () => clients.monitor.getPerformance({ model: MODEL, modelDigest: candidate, variant: 'canary' }),
    ({ labelled }) => labelled > 0n,
  );
  const all = await clients.monitor.getPerformance({ model: MODEL, fromUs: day(3, 28), toUs: MARCH.toUs });
  const share = Number(canary.predictions) / Number(all.predictions);
  step.figure('canary', { predictions: canary.predictions, share, live: canary.live.map(metricFigure) });
  // Binomial, five standard deviations around one tenth.
  const spread = 5 * Math.sqrt(0.09 / Number(all.predictions));
  step.check(
    'a sticky tenth of the keys was answered by the canary on 28–31 March',
    Math.abs(share - 0.1) < spread,
    `${(100 * share).toFixed(1)} %`,
  );
  const evidence = evidenceOf('evaluation', canary.live);
  await clients.registry.attachEvidence({ model: MODEL, digest: candidate, evidence });
  const promoted = await advance(
    { clients },
    rollout,
    RolloutStep.CANARY,
    evidence.evidenceId,
    'live quality of the canary holds',
  );
  step.check('the candidate is promoted', promoted.step === RolloutStep.PROMOTED, candidate.slice(7, 19));
  screen.say('  promoted; rolling back to time it');
}

async function rollBack({ clients }: Setting, step: Step, from: string, to: string): Promise<void> {
  const startedAt = performance.now();
  const { epoch, release } = await clients.registry.rollback({
    model: MODEL,
    alias: CHAMPION,
    expectedDigest: from,
    reason: 'rehearsal: how fast is the way back?',
  });
  const { replicaIds } = await clients.traffic.waitForEpoch({ epoch }, { timeoutMs: 5_000 });
  const tookMs = performance.now() - startedAt;
  step.figure('rollbackMs', Number(tookMs.toFixed(1)));
  step.check(
    'the rollback is in effect on every replica within a second',
    tookMs < 1_000 && release?.digest === to,
    `${tookMs.toFixed(0)} ms on ${replicaIds.length} replicas`,
  );
}

async function advance(
  { clients }: Pick<Setting, 'clients'>,
  rollout: Rollout,
  expectedStep: RolloutStep,
  evidenceId: string,
  reason: string,
): Promise<Rollout> {
  const advanced = await clients.registry.advanceRollout({
    rolloutId: rollout.rolloutId,
    expectedStep,
    evidenceIds: [evidenceId],
    reason,
  });
  if (advanced.rollout === undefined) throw new Error('the registry answered no rollout');
  await clients.traffic.waitForEpoch({ epoch: advanced.rollout.epoch }, { timeoutMs: 30_000 });
  return advanced.rollout;
}

const evidenceOf = (kind: string, metrics: Evidence['metrics']) => ({
  evidenceId: randomUUID(),
  kind,
  metrics,
  measuredAtUs: BigInt(Date.now()) * 1_000n,
});

export const instantText = (instantUs: bigint): string =>
  new Date(Number(instantUs / 1_000n)).toISOString().slice(0, 16).replace('T', ' ');
