import { EngineFailure } from './engine-failure.ts';

/** The column of a baseline feature. Throws EngineFailure FEATURE_UNKNOWN. */
export function baselineColumn(features: readonly string[], feature: string): number {
  const column = features.indexOf(feature);
  if (column >= 0) return column;
  throw new EngineFailure('FEATURE_UNKNOWN', `"${feature}" is not among the features ${features.join(', ')}`);
}

/** The column of a model's input. Throws EngineFailure DATASETS_DIFFER. */
export function inputColumn(features: readonly string[], feature: string): number {
  const column = features.indexOf(feature);
  if (column >= 0) return column;
  throw new EngineFailure(
    'DATASETS_DIFFER',
    `the data set lacks the feature "${feature}" that the model takes`,
  );
}
