/** A quantity with its two-sided normal-approximation confidence interval. */
export interface Estimate {
  readonly value: number;
  /** NaN where no interval can be given, e.g. with a single example of a class. */
  readonly lower: number;
  readonly upper: number;
  /** E.g. 0.95. */
  readonly confidence: number;
  /** Examples the estimate rests on. */
  readonly n: number;
}

/** Two-sided standard normal quantiles of the confidences that are offered. */
const QUANTILES = { 0.9: 1.6448536269514722, 0.95: 1.959963984540054, 0.99: 2.5758293035489004 } as const;

export type Confidence = keyof typeof QUANTILES;

export interface EstimateOptions {
  /** 0.95 unless told. */
  readonly confidence?: Confidence;
}

/** The interval `value ± z·√variance`, cut to `bounds`. */
export function normalEstimate(
  value: number,
  variance: number,
  n: number,
  options: EstimateOptions & { readonly bounds: readonly [number, number] },
): Estimate {
  const { confidence = 0.95, bounds } = options;
  const reach = QUANTILES[confidence] * Math.sqrt(variance);
  const [least, most] = bounds;
  return {
    value,
    lower: Math.max(least, value - reach),
    upper: Math.min(most, value + reach),
    confidence,
    n,
  };
}
