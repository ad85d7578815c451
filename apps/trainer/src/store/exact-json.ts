/** Integers that JSON numbers cannot hold travel as {"$int": "123"}. */
interface TaggedInteger {
  readonly $int: string;
}

/** JSON text that keeps bigint and NaN apart from other values; read it with `fromExactJson`. */
export function toExactJson(value: unknown): string {
  return JSON.stringify(value, (_key, each: unknown) => {
    if (typeof each === 'bigint') return { $int: each.toString() } satisfies TaggedInteger;
    return Number.isNaN(each) ? { $nan: true } : each;
  });
}

/** The value that `toExactJson` wrote, from text or from jsonb that the driver has parsed. */
export function fromExactJson(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map(fromExactJson);
  if ('$int' in value) return BigInt((value as TaggedInteger).$int);
  if ('$nan' in value) return Number.NaN;
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, fromExactJson(each)]));
}
