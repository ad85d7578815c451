/**
 * Arrays of arrays of differing lengths as text, for `unnest($n::text[])` and a cast per row: Postgres' own arrays
 * of arrays must be rectangular.
 */
export function arrayLiteral(items: readonly (number | null)[]): string {
  return `{${items.map((item) => (item === null ? 'NULL' : String(item))).join(',')}}`;
}

/** Reads the text form of an array of whole numbers without NULLs: far cheaper than a parser for any array. */
export function parseCounts(literal: string): number[] {
  return literal === '{}' ? [] : literal.slice(1, -1).split(',').map(Number);
}
