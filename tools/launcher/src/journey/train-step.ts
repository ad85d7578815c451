import { randomUUID } from 'node:crypto';
import { JobState, type Job } from '@plumbline/contract-trainer';
import type { Metric } from '@plumbline/contract-common';
import { day } from './flights.ts';
import { retryUnavailable } from './retry.ts';
import { Step, type StepReport } from './report.ts';
import { BASELINE_FEATURE, MODEL, type Setting } from './setting.ts';
import { flightsBetween } from './training-sets.ts';

export const SEED = 20010101n;

export interface Trained {
  readonly report: StepReport;
  readonly versionDigest: string;
}

/** Step 2: fit on 1 January–20 February, apart from serving, and judge on 21–28 February. */
export async function trainStep({ clients, screen }: Setting): Promise<Trained> {
  const step = new Step('train', screen);
  screen.say('\n2  Train on 1 January–20 February, judge on 21–28 February');
  await clients.registry.createModel({
    model: MODEL,
    description: 'Will this flight arrive more than 15 minutes late?',
  });
  const jobId = randomUUID();
  await clients.trainer.startTraining({
    jobId,
    spec: {
      model: MODEL,
      fit: flightsBetween(day(1, 1), day(2, 21), day(2, 21)),
      gate: flightsBetween(day(2, 21), day(3, 1), day(3, 1, 12)),
      seed: SEED,
      baselineFeature: BASELINE_FEATURE,
    },
  });
  const progress = screen.progress('training');
  const job = await watchJob(clients.trainer, jobId, (share, phase) => progress.update(share, phase));
  progress.done(`version ${job.versionDigest.slice(7, 19)}`);

  step.figure('versionDigest', job.versionDigest);
  step.figure('fitRows', job.fitDataset?.rows);
  step.figure('datasetDigest', job.fitDataset?.digest);
  step.figure('gateMetrics', job.metrics.map(metricFigure));
  step.check(
    'the training set is identified by its content',
    /^sha256:[0-9a-f]{64}$/.test(job.fitDataset?.digest ?? ''),
    `${job.fitDataset?.rows} rows, ${job.fitDataset?.digest.slice(0, 19)}…`,
  );
  return { report: step.report(), versionDigest: job.versionDigest };
}

/** Follows a job to its end, through restarts of the trainer. @throws when it failed. */
export async function watchJob(
  trainer: Setting['clients']['trainer'],
  jobId: string,
  onProgress: (share: number, phase: string) => void,
): Promise<Job> {
  for (;;) {
    const job = await retryUnavailable(async () => {
      let last: Job | undefined;
      for await (const report of trainer.watchJob({ jobId }, { timeoutMs: 240_000 })) {
        last = report.job;
        if (last !== undefined) onProgress(last.progress, last.phase);
      }
      return last;
    });
    if (job?.state === JobState.SUCCEEDED) return job;
    if (job?.state === JobState.FAILED) throw new Error(`training ${jobId} failed: ${job.failure}`);
  }
}

export function metricFigure(metric: Metric): Record<string, number | string> {
  const round = (value: number) => Number(value.toFixed(5));
  return {
    name: metric.name,
    value: round(metric.value),
    lower: round(metric.lower),
    upper: round(metric.upper),
    n: Number(metric.n),
  };
}
