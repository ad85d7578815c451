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
  /** Whether it may be compressed as the client says it takes; default not, see sendAnswer(). */
  readonly compressible?: true;
}

export type Operation = (exchange: Exchange) => Promise<Answer>;

/** An operation and where it is found. */
export interface Route {
  /** `any` for all of them; others than the one named are refused. */
  readonly method: 'GET' | 'POST' | 'any';
  /** `:name` stands for a part of the path, `*` for the rest of it. */
  readonly path: string;
  readonly operation: Operation;
}
