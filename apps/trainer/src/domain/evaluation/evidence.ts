import type { Metric } from './measure.ts';

/** A paired difference on the same rows: the version that carries it minus the other. */
export interface Comparison {
  readonly otherKind: 'version' | 'feature';
  /** Digest of a version, or "view:feature". */
  readonly other: string;
  readonly difference: Metric;
}

/** A measured fact about a version, for gates to judge by. */
export interface Evidence {
  /** A UUID. */
  readonly id: string;
  readonly kind: 'evaluation' | 'comparison';
  readonly datasetDigest: string;
  readonly metrics: readonly Metric[];
  readonly comparisons: readonly Comparison[];
  /** Epoch µs. */
  readonly measuredAtUs: bigint;
}
