import { randomUUID } from 'node:crypto';
import { errors } from '../errors.ts';
import { fileOf } from '../job/run-job.ts';
import { checkUsable, type Dataset } from '../training/dataset.ts';
import type { Engine, ScoreOutcome } from '../training/engine.ts';
import type { Upstream } from '../training/ports.ts';
import {
  modelViolations,
  rangeViolations,
  specInvalid,
  violation,
  type DatasetRequest,
} from '../training/training-spec.ts';
import type { Comparison, Evidence } from './evidence.ts';
import { reversed, type Metric } from './measure.ts';
import { readVersion, type ReadVersion } from './read-version.ts';

export interface EvaluationRequest {
  readonly model: string;
  readonly rows: DatasetRequest;
  readonly versionDigests: readonly string[];
  readonly baselineFeatures: readonly string[];
  readonly attachEvidence: boolean;
}

export interface VersionEvaluation {
  readonly versionDigest: string;
  readonly metrics: readonly Metric[];
  /** Empty unless evidence was asked for. */
  readonly evidenceId: string;
}

export interface Evaluation {
  readonly dataset: Dataset;
  /** In the order of the request. */
  readonly versions: readonly VersionEvaluation[];
  /** First version minus each other version, then minus each baseline feature. */
  readonly differences: readonly Comparison[];
}

export interface EvaluationTools extends Upstream {
  readonly engine: Engine;
  readonly nowUs: () => bigint;
}

const MOST_VERSIONS = 8;
const MOST_BASELINES = 8;

/** Scores versions on one data set. Throws SPEC_INVALID, VERSION_UNUSABLE, DATASETS_DIFFER and what a data set is refused with. */
export async function evaluateVersions(
  request: EvaluationRequest,
  tools: EvaluationTools,
  signal: AbortSignal,
): Promise<Evaluation> {
  checkRequest(request);
  const versions = await Promise.all(
    request.versionDigests.map((digest) => readVersion(request.model, digest, tools, signal)),
  );
  const dataset = await tools.datasets.build(pinRows(request.rows, versions), () => undefined, signal);
  checkUsable(dataset, 'rows');
  const outcome = await tools.engine.score(
    { rows: await fileOf(dataset, tools), versions, baselineFeatures: request.baselineFeatures },
    { signal },
  );
  const differences = differencesOf(request, outcome);
  const evidenceIds = request.attachEvidence
    ? await attachAll(request, dataset, outcome, differences, tools, signal)
    : [];
  return {
    dataset,
    differences,
    versions: request.versionDigests.map((versionDigest, index) => ({
      versionDigest,
      metrics: outcome.metrics[index]!,
      evidenceId: evidenceIds[index] ?? '',
    })),
  };
}

function checkRequest({ model, rows, versionDigests, baselineFeatures }: EvaluationRequest): void {
  const count = versionDigests.length;
  const violations = [
    ...modelViolations('model', model),
    ...rangeViolations('rows', rows),
    ...(count >= 1 && count <= MOST_VERSIONS && new Set(versionDigests).size === count
      ? []
      : [violation('version_digests', `must be 1 to ${MOST_VERSIONS} different versions`)]),
    ...(baselineFeatures.length <= MOST_BASELINES
      ? []
      : [violation('baseline_features', `must be at most ${MOST_BASELINES}`)]),
  ];
  if (violations.length > 0) throw specInvalid(violations);
}

/** The rows take the version of the feature service that the models were trained on, unless another was asked for. */
function pinRows(rows: DatasetRequest, versions: readonly ReadVersion[]): DatasetRequest {
  if (rows.featureServiceVersion !== 0) return rows;
  const [first, ...others] = versions.map(({ featureServiceVersion }) => featureServiceVersion);
  if (others.some((version) => version !== first)) {
    throw errors.DATASETS_DIFFER('the versions were trained on different versions of the feature service');
  }
  return { ...rows, featureServiceVersion: first! };
}

function differencesOf(request: EvaluationRequest, outcome: ScoreOutcome): Comparison[] {
  const others = request.versionDigests.slice(1);
  return [
    ...outcome.versionDifferences.map((difference, index) => ({
      otherKind: 'version' as const,
      other: others[index]!,
      difference,
    })),
    ...outcome.featureDifferences.map((difference, index) => ({
      otherKind: 'feature' as const,
      other: request.baselineFeatures[index]!,
      difference,
    })),
  ];
}

/** Evidence for every version: the first against all others, the others against the first. */
async function attachAll(
  { model, versionDigests }: EvaluationRequest,
  dataset: Dataset,
  outcome: ScoreOutcome,
  differences: readonly Comparison[],
  { registry, nowUs }: EvaluationTools,
  signal: AbortSignal,
): Promise<string[]> {
  const [first = ''] = versionDigests;
  const all = versionDigests.map((digest, index): Evidence => {
    const comparisons = index === 0 ? differences : [seenFrom(digest, first, differences)];
    return {
      id: randomUUID(),
      kind: comparisons.length > 0 ? 'comparison' : 'evaluation',
      datasetDigest: dataset.digest,
      metrics: outcome.metrics[index]!,
      comparisons,
      measuredAtUs: nowUs(),
    };
  });
  await Promise.all(
    all.map((evidence, index) => registry.attachEvidence(model, versionDigests[index]!, evidence, signal)),
  );
  return all.map(({ id }) => id);
}

function seenFrom(digest: string, first: string, differences: readonly Comparison[]): Comparison {
  const { difference } = differences.find(({ other }) => other === digest)!;
  return { otherKind: 'version', other: first, difference: reversed(difference) };
}
