import type { Http2Stream } from './http2-stream.ts';

export interface Http2Options {
  /** Takes each request with its header fields. It calls `handle` at once, and may not throw. */
  readonly onRequest: (stream: Http2Stream) => void;
  /** Requests that a connection may have open. */
  readonly maxConcurrentStreams: number;
  /** Bytes that a client may send on one stream before they are consumed. */
  readonly streamWindowBytes: number;
  /** The same for a whole connection; taken by a stream, they no longer count. */
  readonly connectionWindowBytes: number;
  /** The header fields of a request together, each with 32 bytes more. */
  readonly maxHeaderListBytes: number;
  /** How often a client is asked whether it is there, and how long its answer may take. */
  readonly keepalive: { readonly intervalMs: number; readonly timeoutMs: number };
}
