/** Examples of similar score: a calibrated model has `meanScore` close to `observed`. */
export interface CalibrationBin {
  readonly meanScore: number;
  /** Share of positive labels. */
  readonly observed: number;
  readonly n: number;
}

/**
 * At most `binCount` bins of about equal mass, ascending by score. Equal scores share a bin, so the table does not
 * depend on the order of the examples; heavy ties give fewer bins.
 */
export function calibrationBins(
  scores: ArrayLike<number>,
  labels: ArrayLike<number | boolean>,
  binCount = 10,
): readonly CalibrationBin[] {
  if (scores.length !== labels.length) {
    throw new RangeError(`${scores.length} scores for ${labels.length} labels`);
  }
  const order = Uint32Array.from({ length: scores.length }, (_, row) => row).sort(
    (a, b) => scores[a]! - scores[b]! || a - b,
  );
  return binEnds(order, scores, binCount).map((end, bin, ends) =>
    summarise(order.subarray(ends[bin - 1] ?? 0, end), scores, labels),
  );
}

/** Exclusive ends, each pushed past the scores equal to the last one inside. */
function binEnds(order: Uint32Array, scores: ArrayLike<number>, binCount: number): number[] {
  const ends: number[] = [];
  for (let bin = 1; bin <= binCount; bin += 1) {
    let end = Math.round((bin * order.length) / binCount);
    if (end <= (ends.at(-1) ?? 0)) continue;
    while (end < order.length && scores[order[end]!] === scores[order[end - 1]!]) end += 1;
    ends.push(end);
  }
  return ends;
}

function summarise(
  rows: Uint32Array,
  scores: ArrayLike<number>,
  labels: ArrayLike<number | boolean>,
): CalibrationBin {
  let score = 0;
  let positives = 0;
  for (const row of rows) {
    score += scores[row]!;
    positives += Number(Boolean(labels[row]));
  }
  return { meanScore: score / rows.length, observed: positives / rows.length, n: rows.length };
}
