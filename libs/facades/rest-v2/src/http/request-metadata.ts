import type { IncomingHttpHeaders } from 'node:http';
import { MetadataMap, metadataNames } from '@plumbline/rpc';
import { restErrors } from '../errors.ts';

/** How long the client waits for the answer, in milliseconds: the deadline of the call behind the request. */
export const TIMEOUT_HEADER = 'plumbline-timeout-ms';

const FORWARDED: ReadonlySet<string> = new Set([metadataNames.authorization, 'traceparent', 'tracestate']);
/** Of the names that services of this platform give their metadata. */
export const OWN_PREFIX = 'plumbline-';
const REQUEST_ID = 'x-request-id';

/**
 * The headers that the operation behind a request sees as metadata: Authorization, W3C trace context, all that begin
 * with `plumbline-`, and X-Request-Id as `plumbline-request-id` where there is none.
 *
 * @throws ServiceError HEADER_INVALID
 */
export function requestMetadata(headers: IncomingHttpHeaders): MetadataMap {
  const metadata = new MetadataMap();
  for (const [name, value] of Object.entries(headers)) {
    if (typeof value === 'string' && isForwarded(name)) set(metadata, name, value);
  }
  const requestId = headers[REQUEST_ID];
  if (typeof requestId === 'string' && metadata.get(metadataNames.requestId) === undefined) {
    set(metadata, metadataNames.requestId, requestId);
  }
  return metadata;
}

function isForwarded(name: string): boolean {
  return (
    FORWARDED.has(name) || (name.startsWith(OWN_PREFIX) && name !== TIMEOUT_HEADER && !name.endsWith('-bin'))
  );
}

function set(metadata: MetadataMap, name: string, value: string): void {
  try {
    metadata.set(name, value);
  } catch (cause) {
    throw restErrors.HEADER_INVALID(`the header ${name} must be printable ASCII`, { cause });
  }
}

/** The client's patience; undefined where it says nothing. @throws ServiceError HEADER_INVALID */
export function requestTimeoutMs(headers: IncomingHttpHeaders): number | undefined {
  const header = headers[TIMEOUT_HEADER];
  if (header === undefined) return undefined;
  if (typeof header === 'string' && /^\d{1,9}$/.test(header) && Number(header) > 0) return Number(header);
  throw restErrors.HEADER_INVALID('Plumbline-Timeout-Ms must be a whole number of milliseconds from 1 on');
}
