import { fitsStream } from '../coalesced/call-item.ts';
import { asBuffer } from '../context/metadata.ts';
import { callMetadata, cancelledBefore, timeoutOf, type CallOptions } from './call-options.ts';
import { opened, type Channel } from './channel.ts';
import { plainUnary, type RawResponse } from './plain-unary.ts';

/**
 * Calls a unary method with a serialised request, and answers the serialised response as received. `path` is
 * `plumbline.audit.v1.AuditService/Append`, with or without a leading slash.
 *
 * @throws ServiceError as the server sent it; CONNECTION_LOST, DEADLINE_EXPIRED, CALL_CANCELLED, MESSAGE_TOO_LARGE
 */
export async function rawUnary(
  channel: Channel,
  path: string,
  request: Uint8Array,
  options: CallOptions = {},
): Promise<RawResponse> {
  const open = opened(channel);
  const timeoutMs = timeoutOf(options, open.defaultTimeoutMs);
  const tooLate = cancelledBefore(options, timeoutMs);
  if (tooLate !== undefined) throw tooLate;
  const method = path.startsWith('/') ? path.slice(1) : path;
  const coalesce = (options.coalesce ?? open.coalesce) && fitsStream(request, options.metadata);
  if (coalesce) return open.coalesced.call(method, asBuffer(request), timeoutMs, options);
  return plainUnary(open, method, asBuffer(request), callMetadata(options), timeoutMs, options);
}
