const TEXT = /^(\d{4,6})-(\d\d)-(\d\d) (\d\d):(\d\d):(\d\d)(?:\.(\d{1,6}))?\+00$/;

/** Postgres' text form of a timestamptz in a UTC session → epoch microseconds. Infinite and BC ones are refused. */
export function parseTimestamp(text: string): bigint {
  const parts = TEXT.exec(text);
  if (!parts) throw new RangeError(`not a finite timestamp after year 0 in UTC: ${text}`);
  const [, year, month, day, hour, minute, second, fraction = ''] = parts;
  const ms = Date.UTC(2000, Number(month) - 1, Number(day), Number(hour), Number(minute), Number(second));
  const shifted = new Date(ms).setUTCFullYear(Number(year), Number(month) - 1, Number(day));
  return BigInt(shifted) * 1_000n + BigInt(fraction.padEnd(6, '0'));
}

/** Epoch microseconds → a value for a timestamptz parameter, exact to the microsecond. */
export function timestamp(epochUs: bigint): string {
  const us = ((epochUs % 1_000_000n) + 1_000_000n) % 1_000_000n;
  const seconds = new Date(Number((epochUs - us) / 1_000n)).toISOString().slice(0, -5);
  return `${seconds.replace(/^\+0*/, '')}.${us.toString().padStart(6, '0')}Z`;
}
