import type { TlsOptions } from 'node:tls';
import type { HealthRegistry } from '../health/health-registry.ts';
import type { Authenticate } from '../identity/authenticate.ts';
import type { Log } from '../log.ts';
import type { Metrics } from '../metrics.ts';
import type { AdmissionLimits } from './admission-limits.ts';
import type { Interceptor } from './call.ts';
import type { Implementation } from './implementation.ts';
import type { Invoke } from './in-process.ts';
import type { LimitOptions } from './limits.ts';

export interface ServerOptions {
  readonly implementations: readonly Implementation[];
  readonly authenticate: Authenticate;
  readonly log: Log;
  readonly metrics?: Metrics;
  readonly limits?: LimitOptions;
  /** Default: 10,000 open calls, 256 MiB of requests, 10 s for a request to come. */
  readonly admission?: Partial<AdmissionLimits>;
  /** Run between authentication and the limits, outermost first. */
  readonly interceptors?: readonly Interceptor[];
  /** Default: plaintext, for networks that encrypt underneath. */
  readonly tls?: TlsOptions;
  /** Default: 8 MiB per stream, 16 MiB per connection. */
  readonly receiveWindows?: ReceiveWindows;
  /** When an idle connection is probed and how long the answer may take; default 10 s and 5 s. */
  readonly keepalive?: Keepalive;
}

export interface ReceiveWindows {
  /** Bytes that a peer may send on one stream before we have read them. */
  readonly streamBytes: number;
  /** The same for a whole connection. */
  readonly connectionBytes: number;
}

export interface Keepalive {
  readonly intervalMs: number;
  readonly timeoutMs: number;
}

export interface RpcServer {
  /** Binds and serves; answers the port, which the system chooses when asked for 0. */
  listen(host: string, port: number): Promise<number>;
  readonly health: HealthRegistry;
  /** Calls a unary method from within the process. */
  readonly invoke: Invoke;
  /**
   * Stops in order: health turns NOT_SERVING, connections are no longer accepted, calls in flight finish. What is left
   * after `graceMs` is cancelled with UNAVAILABLE / SHUTTING_DOWN.
   */
  drain(graceMs: number): Promise<void>;
  /** Stops at once; calls in flight fail with UNAVAILABLE / SHUTTING_DOWN. */
  close(): Promise<void>;
}

const MIB = 1024 * 1024;

export const DEFAULT_WINDOWS: ReceiveWindows = { streamBytes: 8 * MIB, connectionBytes: 16 * MIB };
export const DEFAULT_KEEPALIVE: Keepalive = { intervalMs: 10_000, timeoutMs: 5_000 };
/** Calls that one connection may hold open; clients queue what is beyond. Coalesced calls share one. */
export const MAX_CONCURRENT_STREAMS = 2_048;
/** Of one call; gRPC's clients send a few hundred bytes. */
export const MAX_HEADER_LIST_BYTES = 64 * 1024;
