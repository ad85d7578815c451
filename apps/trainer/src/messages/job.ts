import type { MessageInitShape } from '@bufbuild/protobuf';
import { JobState, type JobSchema, type TrainingSpec as SpecMessage } from '@plumbline/contract-trainer';
import { specInvalid, violation, type TrainingSpec } from '../domain/training/training-spec.ts';
import type { Job } from '../domain/job/job.ts';
import { datasetMessage, datasetRequestMessage, datasetRequestOf } from './dataset.ts';
import { metricMessage } from './metric.ts';

const STATES: Readonly<Record<Job['state'], JobState>> = {
  queued: JobState.QUEUED,
  running: JobState.RUNNING,
  succeeded: JobState.SUCCEEDED,
  failed: JobState.FAILED,
};

/** Throws SPEC_INVALID where a part that has no default is not there. */
export function specOf(message: SpecMessage | undefined): TrainingSpec {
  if (!message?.fit || !message.gate) {
    const missing = ['fit', 'gate'].filter((part) => !message?.[part as 'fit' | 'gate']);
    throw specInvalid(missing.map((part) => violation(`spec.${part}`, 'is missing')));
  }
  const { model, parametersJson, seed, baselineFeature } = message;
  return {
    model,
    fit: datasetRequestOf(message.fit),
    gate: datasetRequestOf(message.gate),
    parametersJson,
    seed,
    baselineFeature,
  };
}

export function jobMessage(job: Job): MessageInitShape<typeof JobSchema> {
  const { jobId, phase, progress, spec, versionDigest, failure, fitDataset, gateDataset } = job;
  return {
    jobId,
    state: STATES[job.state],
    phase,
    progress,
    spec: { ...spec, fit: datasetRequestMessage(spec.fit), gate: datasetRequestMessage(spec.gate) },
    versionDigest,
    failure,
    metrics: job.metrics.map(metricMessage),
    ...(fitDataset ? { fitDataset: datasetMessage(fitDataset) } : {}),
    ...(gateDataset ? { gateDataset: datasetMessage(gateDataset) } : {}),
  };
}
