import type { BoostingParameters } from '../boosting/parameters.ts';
import type { Metric } from '../evaluation/measure.ts';

/** A data set as the engine reads it: a local Parquet file whose content was verified. */
export interface DatasetFile {
  readonly path: string;
  readonly rows: number;
  readonly features: readonly string[];
  readonly featureSources: readonly string[];
}

export interface FitTask {
  readonly fit: DatasetFile;
  readonly gate: DatasetFile;
  readonly parameters: BoostingParameters;
  /** 32 bits. */
  readonly seed: number;
  readonly baselineFeature: string;
}

/** A model input and the feature that fills it. */
export interface InputPlan {
  readonly name: string;
  readonly datatype: 'INT64' | 'FP64';
  readonly feature: string;
  readonly source: string;
}

export interface FitOutcome {
  /** In the order of the data set's features. */
  readonly inputs: readonly InputPlan[];
  readonly model: Uint8Array;
  readonly baseline: Uint8Array;
  readonly golden: Uint8Array;
  /** On the gate rows. */
  readonly metrics: readonly Metric[];
  /** ROC AUC minus that of the baseline feature; absent without one. */
  readonly baselineDifference?: Metric;
}

/** A version to score: its verified model file, and which feature fills which input. */
export interface ScoredVersion {
  readonly digest: string;
  readonly modelPath: string;
  readonly inputs: readonly { readonly name: string; readonly datatype: string; readonly feature: string }[];
  /** Name of the output that is the score. */
  readonly output: string;
}

export interface ScoreTask {
  readonly rows: DatasetFile;
  readonly versions: readonly ScoredVersion[];
  readonly baselineFeatures: readonly string[];
}

export interface ScoreOutcome {
  /** In the order of the versions. */
  readonly metrics: readonly (readonly Metric[])[];
  /** First version minus each other, in their order. */
  readonly versionDifferences: readonly Metric[];
  /** First version minus each baseline feature, in their order. */
  readonly featureDifferences: readonly Metric[];
}

export interface EngineProgress {
  readonly phase: 'fitting' | 'evaluating';
  /** Share of the phase done, in [0, 1]. */
  readonly progress: number;
}

export interface EngineRun {
  /** Kills the process that works; the call then rejects with the signal's reason. */
  readonly signal: AbortSignal;
  readonly onProgress?: (progress: EngineProgress) => void;
}

/**
 * Fits and scores in a process of its own, which has no credentials and only reads. Rejects with ENGINE_* and
 * DATASET* errors.
 */
export interface Engine {
  fit(task: FitTask, run: EngineRun): Promise<FitOutcome>;
  score(task: ScoreTask, run: EngineRun): Promise<ScoreOutcome>;
}
