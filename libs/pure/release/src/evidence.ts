/** A measured quantity with its two-sided confidence interval; bounds are NaN where none can be given. */
export interface Measurement {
  /** lower_snake_case, e.g. "roc_auc". */
  readonly name: string;
  readonly value: number;
  readonly lower: number;
  readonly upper: number;
  /** Confidence of the interval, e.g. 0.95; 0 where there is none. */
  readonly confidence: number;
  /** Examples that the estimate rests on. */
  readonly examples: number;
  /** What was measured on; "" and "all" mean everything. */
  readonly slice: string;
}

export type ComparedKind = 'version' | 'feature';

/** A paired difference on the same examples: the version minus the other. */
export interface Comparison {
  readonly otherKind: ComparedKind;
  /** Digest of the other version, or name of the feature that is the score. */
  readonly other: string;
  readonly difference: Measurement;
}

export type EvidenceKind = 'evaluation' | 'comparison' | 'shadow';

/** Facts measured together about one version. */
export interface Evidence {
  readonly id: string;
  readonly kind: EvidenceKind;
  /** Digest of the data set; "" for live traffic. */
  readonly datasetDigest: string;
  readonly metrics: readonly Measurement[];
  readonly comparisons: readonly Comparison[];
}

/** A measurement over everything, not over a slice. */
export const isOverall = ({ slice }: Measurement): boolean => slice === '' || slice === 'all';

/**
 * Why a measurement cannot be judged by its interval, or undefined when it can: bounds missing or not in order,
 * a confidence below `minConfidence`, or fewer than `minExamples` examples.
 */
export function weakness(
  measured: Measurement,
  { minExamples, minConfidence }: { readonly minExamples: number; readonly minConfidence: number },
): string | undefined {
  const { lower, value, upper, confidence, examples } = measured;
  if (![lower, value, upper].every(Number.isFinite)) return 'has no finite interval';
  if (lower > value || value > upper) return `has a value ${value} outside its interval [${lower}, ${upper}]`;
  if (!(confidence >= minConfidence)) return `has confidence ${confidence}, below ${minConfidence}`;
  if (!(examples >= Math.max(1, minExamples))) {
    return `rests on ${examples} examples, fewer than ${Math.max(1, minExamples)}`;
  }
  return undefined;
}
