import { errors } from '../errors.ts';

/** A point-in-time data set: a Parquet object, identified by the digest of its content. */
export interface Dataset {
  readonly digest: string;
  readonly sizeBytes: bigint;
  readonly rows: bigint;
  readonly positives: bigint;
  readonly featureServiceVersion: number;
  readonly viewVersions: Readonly<Record<string, number>>;
  /** "view:feature", in the order of the columns. */
  readonly features: readonly string[];
  /** Same order; "request" for request-time features. */
  readonly featureSources: readonly string[];
  readonly watermark: bigint;
}

/** Throws DATASET_EMPTY, DATASET_ONE_CLASS. `what` names the data set in the message. */
export function checkUsable(dataset: Dataset, what: string): void {
  if (dataset.rows === 0n) throw errors.DATASET_EMPTY(`the ${what} has no rows`);
  if (dataset.positives === 0n || dataset.positives === dataset.rows) {
    throw errors.DATASET_ONE_CLASS(`all ${dataset.rows} labels of the ${what} are alike`);
  }
}

/** Throws DATASETS_DIFFER unless both hold the same features, from the same versions of their views. */
export function checkAlike(fit: Dataset, gate: Dataset): void {
  const identity = ({ features, viewVersions }: Dataset): string =>
    JSON.stringify([features, Object.entries(viewVersions).sort()]);
  if (identity(fit) === identity(gate)) return;
  throw errors.DATASETS_DIFFER('the features were redefined between the fit rows and the gate rows');
}
