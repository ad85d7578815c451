/** What a client says of its patience: milliseconds, undefined when it says nothing, null when it cannot be read. */
export type RequestedTimeout = number | undefined | null;

const UNIT_MS: Readonly<Record<string, number>> = {
  H: 3_600_000,
  M: 60_000,
  S: 1_000,
  m: 1,
  u: 1e-3,
  n: 1e-6,
};

/**
 * Reads `grpc-timeout` (https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md): 1 to 8 digits and a unit.
 * 99999999H is 11 thousand years: callers clamp before they set a timer.
 */
export function parseTimeout(header: string | undefined): RequestedTimeout {
  if (header === undefined) return undefined;
  const match = /^(\d{1,8})([HMSmun])$/.exec(header);
  return match === null ? null : Number(match[1]) * (UNIT_MS[match[2] ?? ''] ?? NaN);
}
