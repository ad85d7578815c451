import type { Invoke, Log, Metrics } from '@plumbline/rpc';

export interface RestFacadeOptions {
  /** Runs a method of `inference.GRPCInferenceService`: what RpcServer offers as `invoke`. */
  readonly invoke: Invoke;
  readonly log: Log;
  readonly metrics?: Metrics;
  readonly limits?: Partial<RestLimits>;
}

/** What requests may cost. All but the first two hold before anybody is authenticated. */
export interface RestLimits {
  /** Of a body, decompressed: JSON and binary tensors together. */
  readonly maxBodyBytes: number;
  /** Of the JSON of an inference request. */
  readonly maxJsonBytes: number;
  /** Of the JSON of an inference answer. */
  readonly maxAnswerJsonBytes: number;
  /** Of all bodies that are being read or answered. */
  readonly maxHeldBytes: number;
  /** Further connections are dropped. */
  readonly maxConnections: number;
  /** How long the headers of a request may take from its first byte. */
  readonly headersTimeoutMs: number;
  /** How long a whole request may take from its first byte. */
  readonly requestTimeoutMs: number;
  /** How long a connection may be idle between requests. */
  readonly idleTimeoutMs: number;
}

const MIB = 1024 * 1024;

export const DEFAULT_LIMITS: RestLimits = {
  maxBodyBytes: 16 * MIB,
  maxJsonBytes: 4 * MIB,
  maxAnswerJsonBytes: 64 * MIB,
  maxHeldBytes: 256 * MIB,
  maxConnections: 4_096,
  headersTimeoutMs: 10_000,
  requestTimeoutMs: 30_000,
  idleTimeoutMs: 75_000,
};
