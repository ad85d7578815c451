import { randomUUID } from 'node:crypto';
import type { Linked } from '@plumbline/collections';
import type { ServiceError } from '@plumbline/errors';
import { rpcErrors } from '../errors.ts';
import { withFields, type Log } from '../log.ts';
import type { CallContext, Cancellable } from './call-context.ts';
import { ANONYMOUS, formatCaller, type Caller, type Identity } from './caller.ts';
import { metadataNames } from './metadata-names.ts';
import { MetadataMap, type ReadonlyMetadata } from './metadata.ts';

export interface ServerCallContextOptions {
  readonly method: string;
  readonly requestMetadata: ReadonlyMetadata;
  /** From now; Infinity for calls without a deadline. */
  readonly timeoutMs: number;
  readonly log: Log;
}

const TRACEPARENT = /^[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}/;
const MAX_REQUEST_ID_LENGTH = 128;
/** Items of a coalesced stream may bring any text; what goes on as metadata of further calls must be printable ASCII. */
const REQUEST_ID = /^[ -~]+$/;

/**
 * The context of one call, made by the transport, identified by authentication and closed when the call ends. What
 * few handlers ask for (signal, ids, log) is made on first use: a hot path makes tens of thousands of these a second.
 */
export class ServerCallContext implements CallContext, Cancellable, Linked<ServerCallContext> {
  readonly method: string;
  readonly requestMetadata: ReadonlyMetadata;
  readonly responseHeaders = new MetadataMap();
  readonly responseTrailers = new MetadataMap();
  /** Among the calls in flight. */
  previous: ServerCallContext | undefined;
  next: ServerCallContext | undefined;
  readonly #deadline: number;
  readonly #parentLog: Log;
  #timer: NodeJS.Timeout | undefined;
  #identity: Identity = { caller: ANONYMOUS, tenant: '' };
  #cancellation: ServiceError | undefined;
  /** The first that waits for cancellation, and the others: most calls have but one. */
  #first: ((error: ServiceError) => void) | undefined;
  #others: Set<(error: ServiceError) => void> | undefined;
  #controller: AbortController | undefined;
  #requestId: string | undefined;
  #traceparent: string | undefined;
  #log: Log | undefined;

  constructor({ method, requestMetadata, timeoutMs, log }: ServerCallContextOptions) {
    this.method = method;
    this.requestMetadata = requestMetadata;
    this.#parentLog = log;
    this.#deadline = performance.now() + timeoutMs;
    if (timeoutMs <= 0) this.#expire();
    else if (timeoutMs !== Infinity) this.#timer = setTimeout(() => this.#expire(), timeoutMs);
  }

  get caller(): Caller {
    return this.#identity.caller;
  }

  get tenant(): string {
    return this.#identity.tenant;
  }

  get requestId(): string {
    return (this.#requestId ??= this.#receivedRequestId() ?? randomUUID());
  }

  get traceparent(): string {
    return (this.#traceparent ??= this.#receivedTraceparent() ?? newTraceparent());
  }

  get log(): Log {
    return (this.#log ??= withFields(this.#parentLog, () => this.logFields()));
  }

  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController();
      if (this.#cancellation !== undefined) this.#controller.abort(this.#cancellation);
    }
    return this.#controller.signal;
  }

  get isCancelled(): boolean {
    return this.#cancellation !== undefined;
  }

  get cancellation(): ServiceError | undefined {
    return this.#cancellation;
  }

  remainingMs(): number {
    return Math.max(0, this.#deadline - performance.now());
  }

  logFields(): object {
    const { method, requestId, tenant, caller } = this;
    return { method, requestId, tenant, caller: formatCaller(caller) };
  }

  identify(identity: Identity): void {
    this.#identity = identity;
  }

  onCancel(callback: (error: ServiceError) => void): () => void {
    if (this.#cancellation !== undefined) {
      callback(this.#cancellation);
      return () => undefined;
    }
    if (this.#first === undefined) {
      this.#first = callback;
      return () => {
        if (this.#first === callback) this.#first = undefined;
      };
    }
    const others = (this.#others ??= new Set());
    others.add(callback);
    return () => others.delete(callback);
  }

  /** The first cancellation counts; later ones and those after `close()` change nothing. */
  cancel(error: ServiceError): void {
    if (this.#cancellation !== undefined) return;
    this.#cancellation = error;
    clearTimeout(this.#timer);
    this.#first?.(error);
    this.#first = undefined;
    if (this.#others !== undefined) for (const callback of this.#others) callback(error);
    this.#others = undefined;
    this.#controller?.abort(error);
  }

  /** The call has ended: its deadline no longer matters. Work that outlives the call sees its signal abort. */
  close(): void {
    this.cancel(ENDED);
  }

  #expire(): void {
    this.cancel(rpcErrors.DEADLINE_EXPIRED('the deadline of the call has passed'));
  }

  #receivedRequestId(): string | undefined {
    const id = this.requestMetadata.get(metadataNames.requestId);
    return id !== undefined && REQUEST_ID.test(id) ? id.slice(0, MAX_REQUEST_ID_LENGTH) : undefined;
  }

  #receivedTraceparent(): string | undefined {
    const received = this.requestMetadata.get(metadataNames.traceparent);
    return received !== undefined && TRACEPARENT.test(received) ? received : undefined;
  }
}

const ENDED = rpcErrors.CALL_CANCELLED('the call has ended');

function newTraceparent(): string {
  const hex = `${randomUUID()}${randomUUID()}`.replaceAll('-', '');
  return `00-${hex.slice(0, 32)}-${hex.slice(32, 48)}-01`;
}
