import { formatSignature, type Signature } from '@plumbline/signature';
import type { BoostingParameters } from '../boosting/parameters.ts';
import type { Metric } from '../evaluation/measure.ts';
import type { Dataset } from '../training/dataset.ts';
import type { FitOutcome, InputPlan } from '../training/engine.ts';
import { canonicalJson, type Json } from './canonical-json.ts';
import { PROBABILITY } from './forest-model.ts';

/** Everything that makes a version what it is. No clock, no job and no host: equal training gives equal bytes. */
export interface BundleFacts {
  readonly featureService: string;
  readonly label: string;
  readonly fit: Dataset;
  readonly gate: Dataset;
  readonly parameters: BoostingParameters;
  readonly seed: bigint;
  readonly codeCommit: string;
  readonly outcome: FitOutcome;
}

export interface BundleFile {
  readonly path: string;
  readonly content: Uint8Array;
}

const utf8 = new TextEncoder();

/** The files of a version. */
export function bundleOf(facts: BundleFacts): BundleFile[] {
  const { outcome } = facts;
  return [
    { path: 'model.onnx', content: outcome.model },
    { path: 'signature.json', content: utf8.encode(formatSignature(signatureOf(facts))) },
    { path: 'baseline.pb', content: outcome.baseline },
    { path: 'golden.pb', content: outcome.golden },
    { path: 'metadata.json', content: utf8.encode(canonicalJson(metadataOf(facts))) },
  ];
}

function signatureOf({ featureService, fit, outcome }: BundleFacts): Signature {
  return {
    featureService,
    featureServiceVersion: fit.featureServiceVersion,
    inputs: outcome.inputs.map(({ name, datatype, feature, source }) => ({
      name,
      datatype,
      shape: [-1, 1],
      feature,
      source,
    })),
    outputs: [PROBABILITY],
  };
}

function metadataOf(facts: BundleFacts): Json {
  const { fit, gate, outcome, parameters, seed, codeCommit, label, featureService } = facts;
  return {
    algorithm: 'histogram-gradient-boosting/1',
    label,
    featureService: { name: featureService, version: fit.featureServiceVersion },
    viewVersions: fit.viewVersions,
    features: outcome.inputs.map((input) => inputJson(input)),
    datasets: { fit: datasetJson(fit), gate: datasetJson(gate) },
    parameters: parametersJson(parameters),
    seed,
    codeCommit,
    gateMetrics: outcome.metrics.map(metricJson),
    ...(outcome.baselineDifference ? { baselineDifference: metricJson(outcome.baselineDifference) } : {}),
  };
}

const parametersJson = (parameters: BoostingParameters): Json => ({ ...parameters });

const inputJson = ({ name, feature, source }: InputPlan): Json => ({ input: name, feature, source });

const datasetJson = ({ digest, rows, positives }: Dataset): Json => ({ digest, rows, positives });

const metricJson = ({ name, value, lower, upper, confidence, n }: Metric): Json => ({
  name,
  value,
  lower,
  upper,
  confidence,
  n,
});

/** The parameters as canonical JSON, for the version's provenance. */
export function canonicalParameters(parameters: BoostingParameters): string {
  return canonicalJson(parametersJson(parameters));
}
