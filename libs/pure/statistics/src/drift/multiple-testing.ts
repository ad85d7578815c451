/**
 * Benjamini–Hochberg adjusted p-values, in the order given: rejecting those below α holds the expected share of
 * false rejections at α when the tests are independent or positively dependent (J. R. Stat. Soc. B 57, 1995).
 */
export function benjaminiHochberg(pValues: readonly number[]): number[] {
  const ascending = pValues.map((p, index) => ({ p, index })).sort((a, b) => a.p - b.p);
  const adjusted = new Array<number>(pValues.length).fill(1);
  let smallest = 1;
  for (let rank = ascending.length; rank > 0; rank--) {
    const entry = ascending[rank - 1];
    if (entry === undefined) continue;
    smallest = Math.min(smallest, (entry.p * ascending.length) / rank);
    adjusted[entry.index] = smallest;
  }
  return adjusted;
}
