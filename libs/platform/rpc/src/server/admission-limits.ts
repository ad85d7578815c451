/** What all calls of a process may hold together before they are anybody's: each bound holds without credentials. */
export interface AdmissionLimits {
  /** Calls that are open at once. A tenth as many of the methods that need no credentials may be open besides. */
  readonly maxOpenCalls: number;
  /** Bytes of requests that are incomplete, queued, or of unary and server-streaming calls that have not ended. */
  readonly maxRequestBytes: number;
  /** How long a request may take from its call's headers, and a further message of a stream from its first byte. */
  readonly requestStallMs: number;
}

export const DEFAULT_ADMISSION: AdmissionLimits = {
  maxOpenCalls: 10_000,
  maxRequestBytes: 256 * 1024 * 1024,
  requestStallMs: 10_000,
};
