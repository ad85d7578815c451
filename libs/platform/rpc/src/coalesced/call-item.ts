import type { ServiceError } from '@plumbline/errors';
import type { CallOptions } from '../client/call-options.ts';
import type { RawResponse } from '../client/plain-unary.ts';
import { formatCaller } from '../context/caller.ts';
import { MetadataMap } from '../context/metadata.ts';
import { decodeStatus } from '../status/decode-status.ts';
import { MAX_METADATA_ENTRIES } from './frame-limits.ts';
import type { CallItem, ReceivedAnswer } from './items.ts';

/** Larger calls travel by themselves, so that they do not hold up the others. */
const MAX_CALL_BYTES = 64 * 1024;

/** Whether a call may share a stream: by the size of its payload and the metadata of its own. */
export function fitsStream(payload: Uint8Array, metadata: CallOptions['metadata']): boolean {
  if (metadata === undefined) return payload.length <= MAX_CALL_BYTES;
  const entries = Object.entries(metadata);
  const bytes = entries.reduce((sum, [name, value]) => sum + name.length + value.length, payload.length);
  return bytes <= MAX_CALL_BYTES && entries.length <= MAX_METADATA_ENTRIES;
}

/** The longest that a timer can wait, and an item can ask for: 24 days. */
export const MAX_TIMEOUT_MS = 0x7fff_ffff;

/** A call as it travels. What the context says goes into fields of its own, the rest of the metadata into entries. */
export function callItem(
  callId: number,
  method: string,
  payload: Buffer,
  timeoutMs: number,
  { context, tenant, metadata }: CallOptions,
): CallItem {
  return {
    callId,
    cancel: false,
    method,
    timeoutMs: timeoutMs === Infinity ? 0 : Math.max(1, Math.ceil(Math.min(timeoutMs, MAX_TIMEOUT_MS))),
    tenant: tenant ?? context?.tenant ?? '',
    caller: context === undefined ? '' : formatCaller(context.caller),
    requestId: context?.requestId ?? '',
    traceparent: context?.traceparent ?? '',
    metadata: metadata === undefined ? undefined : MetadataMap.from(metadata),
    payload,
  };
}

/** Ends a call with the answer that came for it. */
export function settleCall(
  { code, statusDetails, trailers, payload }: ReceivedAnswer,
  { onTrailers }: CallOptions,
  resolve: (response: RawResponse) => void,
  reject: (error: ServiceError) => void,
): void {
  const received = trailers ?? NO_TRAILERS;
  onTrailers?.(received);
  if (code === 0) resolve({ response: payload, trailers: received });
  else reject(decodeStatus({ code, message: '', details: statusDetails }));
}

const NO_TRAILERS = new MetadataMap();
