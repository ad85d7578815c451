import type { ServiceError } from '@plumbline/errors';
import type { Log } from '../log.ts';
import type { Caller } from './caller.ts';
import type { MutableMetadata, ReadonlyMetadata } from './metadata.ts';

/** What a handler knows of the call that it answers. Pass it on with `{ context }` to every call made for it. */
export interface CallContext {
  /** Aborts when the deadline passes, the client cancels or the server must stop; `reason` is the ServiceError. */
  readonly signal: AbortSignal;
  /** Whether `signal` has aborted: for hot paths, because a signal costs microseconds to make. */
  readonly isCancelled: boolean;
  /** Milliseconds until the deadline; never negative. */
  remainingMs(): number;
  readonly caller: Caller;
  /** Empty for a call outside any tenant. */
  readonly tenant: string;
  /** From the caller, or minted here. */
  readonly requestId: string;
  /** W3C trace context, from the caller or started here. */
  readonly traceparent: string;
  /** Adds method, tenant, caller and request id to every line. */
  readonly log: Log;
  /** `plumbline.audit.v1.AuditService/Append` */
  readonly method: string;
  readonly requestMetadata: ReadonlyMetadata;
  /** Sent before the first response message; what is set later is lost. Items of a coalesced stream send it as trailers. */
  readonly responseHeaders: MutableMetadata;
  /** Sent with the status, on success and on failure. */
  readonly responseTrailers: MutableMetadata;
}

/** The part of a context that lets a client call wait for cancellation without making an AbortController. */
export interface Cancellable {
  readonly cancellation: ServiceError | undefined;
  /** Calls back at most once; at once when already cancelled. Answers a function that unsubscribes. */
  onCancel(callback: (error: ServiceError) => void): () => void;
}
