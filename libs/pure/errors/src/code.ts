/**
 * The canonical gRPC status codes (https://grpc.io/docs/guides/status-codes/). Kept here, and not imported from
 * grpc-js, because domain code raises errors and may not know the transport.
 */
export const Code = {
  OK: 0,
  CANCELLED: 1,
  UNKNOWN: 2,
  INVALID_ARGUMENT: 3,
  DEADLINE_EXCEEDED: 4,
  NOT_FOUND: 5,
  ALREADY_EXISTS: 6,
  PERMISSION_DENIED: 7,
  RESOURCE_EXHAUSTED: 8,
  FAILED_PRECONDITION: 9,
  ABORTED: 10,
  OUT_OF_RANGE: 11,
  UNIMPLEMENTED: 12,
  INTERNAL: 13,
  UNAVAILABLE: 14,
  DATA_LOSS: 15,
  UNAUTHENTICATED: 16,
} as const;

export type CodeName = keyof typeof Code;
export type Code = (typeof Code)[CodeName];

const NAMES = Object.fromEntries(Object.entries(Code).map(([name, code]) => [code, name])) as Record<
  number,
  CodeName
>;

/** The name of a numeric status code; codes outside the canonical set read as UNKNOWN, as gRPC prescribes. */
export function codeName(code: number): CodeName {
  return NAMES[code] ?? 'UNKNOWN';
}
