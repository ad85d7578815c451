import { derivedUuid } from '@plumbline/uuid';
import { bundleOf, canonicalParameters } from '../artifact/bundle.ts';
import { checkAlike, checkUsable, type Dataset } from '../training/dataset.ts';
import type { DatasetFile, Engine, FitOutcome } from '../training/engine.ts';
import type { Upstream } from '../training/ports.ts';
import { parametersOf, seed32, type DatasetRequest } from '../training/training-spec.ts';
import type { Candidate, Job, JobProgress } from './job.ts';

export interface JobTools extends Upstream {
  readonly engine: Engine;
  /** Commit of the code that runs; "unknown" where nobody can tell. */
  readonly codeCommit: string;
}

export interface JobRun {
  readonly signal: AbortSignal;
  report(progress: JobProgress): void;
}

interface Datasets {
  readonly fit: Dataset;
  readonly gate: Dataset;
}

/**
 * One attempt at a training: data sets → fit and judge in the engine → files as objects → proposal and evidence. Data
 * sets that an earlier attempt built are used again, so an attempt after a crash gives the same version.
 */
export async function runJob(job: Job, tools: JobTools, run: JobRun): Promise<Candidate> {
  const datasets = await buildDatasets(job, tools, run);
  const outcome = await fit(job, datasets, tools, run);
  run.report({ phase: 'registering', progress: 0 });
  const versionDigest = await propose(job, datasets, outcome, tools, run.signal);
  await tools.registry.attachEvidence(
    job.spec.model,
    versionDigest,
    gateEvidence(job, datasets.gate, outcome),
    run.signal,
  );
  return { versionDigest, metrics: outcome.metrics };
}

async function buildDatasets(job: Job, tools: JobTools, run: JobRun): Promise<Datasets> {
  const { spec } = job;
  const build = (request: DatasetRequest, from: number, to: number): Promise<Dataset> =>
    tools.datasets.build(
      request,
      (share) => run.report({ phase: 'building data set', progress: from + share * (to - from) }),
      run.signal,
    );
  run.report({ phase: 'building data set', progress: 0 });
  const fit = job.fitDataset ?? (await build(spec.fit, 0, 0.8));
  run.report({ phase: 'building data set', progress: 0.8, fitDataset: fit });
  checkUsable(fit, 'fit rows');
  const gate = job.gateDataset ?? (await build({ ...spec.gate, ...pinned(fit) }, 0.8, 1));
  run.report({ phase: 'building data set', progress: 1, gateDataset: gate });
  checkUsable(gate, 'gate rows');
  checkAlike(fit, gate);
  return { fit, gate };
}

/** The gate rows take the version of the feature service that the fit rows took, whatever is newest by then. */
function pinned(fit: Dataset): Pick<DatasetRequest, 'featureServiceVersion'> {
  return { featureServiceVersion: fit.featureServiceVersion };
}

async function fit(job: Job, { fit, gate }: Datasets, tools: JobTools, run: JobRun): Promise<FitOutcome> {
  run.report({ phase: 'fitting', progress: 0 });
  const task = {
    fit: await fileOf(fit, tools),
    gate: await fileOf(gate, tools),
    parameters: parametersOf(job.spec.parametersJson),
    seed: seed32(job.spec.seed),
    baselineFeature: job.spec.baselineFeature,
  };
  return tools.engine.fit(task, { signal: run.signal, onProgress: (progress) => run.report(progress) });
}

export async function fileOf(
  dataset: Dataset,
  { artifacts }: Pick<Upstream, 'artifacts'>,
): Promise<DatasetFile> {
  return {
    path: await artifacts.locate(dataset.digest),
    rows: Number(dataset.rows),
    features: dataset.features,
    featureSources: dataset.featureSources,
  };
}

async function propose(
  job: Job,
  { fit, gate }: Datasets,
  outcome: FitOutcome,
  { artifacts, registry, codeCommit }: JobTools,
  signal: AbortSignal,
): Promise<string> {
  const { spec } = job;
  const parameters = parametersOf(spec.parametersJson);
  const { featureService, label } = spec.fit;
  const facts = { featureService, label, fit, gate, parameters, seed: spec.seed, codeCommit, outcome };
  const files = await Promise.all(bundleOf(facts).map(({ path, content }) => artifacts.put(path, content)));
  const provenance = {
    datasetDigest: fit.digest,
    featureService,
    featureServiceVersion: fit.featureServiceVersion,
    viewVersions: fit.viewVersions,
    parametersJson: canonicalParameters(parameters),
    codeCommit,
    seed: spec.seed,
    jobId: job.jobId,
  };
  return registry.register({ model: spec.model, files, provenance, metrics: outcome.metrics }, signal);
}

/** The same for every attempt at a job, so that attaching it again changes nothing. */
function gateEvidence(job: Job, gate: Dataset, { metrics, baselineDifference }: FitOutcome) {
  const { baselineFeature } = job.spec;
  return {
    id: derivedUuid(`gate evidence of ${job.tenant} ${job.jobId}`),
    kind: baselineDifference ? ('comparison' as const) : ('evaluation' as const),
    datasetDigest: gate.digest,
    metrics,
    comparisons: baselineDifference
      ? [{ otherKind: 'feature' as const, other: baselineFeature, difference: baselineDifference }]
      : [],
    measuredAtUs: job.createdAtUs,
  };
}
