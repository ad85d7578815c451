import type { IncomingHttpHeaders, OutgoingHttpHeaders } from 'node:http';

/** A request on its way to an operation. */
export interface Exchange {
  readonly headers: IncomingHttpHeaders;
  /** Of the path, decoded. */
  readonly params: Readonly<Record<string, string | undefined>>;
  /** Reads the body, decompressed; once. @throws ServiceError */
  body(maxBytes: number): Promise<Buffer>;
  /** Aborts when the client is gone. */
  readonly signal: AbortSignal;
  /** Headers of the answer, on success and on failure. */
  readonly responseHeaders: OutgoingHttpHeaders;
}

/** What an operation answers: a body with its type, or an object that is sent as JSON. */
export interface Answer {
  /** Default 200. */
  readonly status?: number;
  readonly body: Buffer | object;
  /** Of bytes; default application/json. */
  readonly contentType?: string;
}

export type Operation = (exchange: Exchange) => Promise<Answer>;
