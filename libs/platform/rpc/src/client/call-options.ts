import type { ServiceError } from '@plumbline/errors';
import type { CallContext, Cancellable } from '../context/call-context.ts';
import { formatCaller } from '../context/caller.ts';
import { metadataNames } from '../context/metadata-names.ts';
import { MetadataMap, type ReadonlyMetadata } from '../context/metadata.ts';
import { rpcErrors } from '../errors.ts';
import { toServiceError } from '../status/to-service-error.ts';

export interface CallOptions {
  /** The call being answered: its deadline, signal, tenant, caller, request id and trace go along. */
  readonly context?: CallContext;
  /** Tenant to act for; over that of `context`. */
  readonly tenant?: string;
  /** From now. The sooner of this and the context's deadline counts. */
  readonly timeoutMs?: number;
  /** Cancels the call in addition to the context. */
  readonly signal?: AbortSignal;
  readonly metadata?: Readonly<Record<string, string | Uint8Array>>;
  /** Called once with the response headers, before the first message. Not for coalesced calls. */
  readonly onHeaders?: (headers: ReadonlyMetadata) => void;
  /** Called once with the trailers, on success and failure, before the call settles. */
  readonly onTrailers?: (trailers: ReadonlyMetadata) => void;
  /** Unary calls: whether to share the channel's coalesced stream. Default: as the channel says. */
  readonly coalesce?: boolean;
}

/** How long a call may take: Infinity when nothing limits it, 0 or less when it is too late already. */
export function timeoutOf(options: CallOptions, defaultMs: number): number {
  const own = options.timeoutMs ?? (options.context === undefined ? defaultMs : Infinity);
  return Math.min(own, options.context?.remainingMs() ?? Infinity);
}

/** Metadata of the call itself; credentials come from the channel. */
export function callMetadata({ context, tenant, metadata }: CallOptions): MetadataMap {
  const map = MetadataMap.from(metadata ?? {});
  if (context !== undefined) {
    map.set(metadataNames.caller, formatCaller(context.caller));
    map.set(metadataNames.requestId, context.requestId);
    map.set(metadataNames.traceparent, context.traceparent);
  }
  const actingFor = tenant ?? context?.tenant ?? '';
  if (actingFor !== '') map.set(metadataNames.tenant, actingFor);
  return map;
}

/** Why a call need not start at all, if so. */
export function cancelledBefore(
  { context, signal }: CallOptions,
  timeoutMs: number,
): ServiceError | undefined {
  if (signal?.aborted === true) return cancelled(signal);
  const cancellation = context === undefined ? undefined : cancellationOf(context);
  if (cancellation !== undefined) return cancellation;
  return timeoutMs <= 0
    ? rpcErrors.DEADLINE_EXPIRED('the deadline had passed before the call was made')
    : undefined;
}

/** Calls back when the context or the signal gives up. Answers a function that unsubscribes from both. */
export function onGivingUp(
  { context, signal }: CallOptions,
  callback: (error: ServiceError) => void,
): () => void {
  const fromContext = context === undefined ? undefined : subscribe(context, callback);
  if (signal === undefined) return fromContext ?? nothing;
  const aborted = (): void => {
    callback(cancelled(signal));
  };
  signal.addEventListener('abort', aborted);
  return () => {
    fromContext?.();
    signal.removeEventListener('abort', aborted);
  };
}

const nothing = (): void => undefined;

function subscribe(context: CallContext, callback: (error: ServiceError) => void): () => void {
  if (isCancellable(context)) return context.onCancel(callback);
  return onGivingUp({ signal: context.signal }, callback);
}

function cancellationOf(context: CallContext): ServiceError | undefined {
  if (isCancellable(context)) return context.cancellation;
  return context.signal.aborted ? cancelled(context.signal) : undefined;
}

const isCancellable = (context: CallContext): context is CallContext & Cancellable => 'onCancel' in context;

/** The ServiceError that a signal was aborted with, or CALL_CANCELLED with what it was aborted with as the cause. */
function cancelled(signal: AbortSignal): ServiceError {
  const reason: unknown = signal.reason;
  const known = toServiceError(reason);
  return known === reason ? known : rpcErrors.CALL_CANCELLED('the caller gave up', { cause: reason });
}
