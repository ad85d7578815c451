import type { FastifyReply } from 'fastify';
import { ServiceError } from '@plumbline/errors';
import { rpcErrors, type Log } from '@plumbline/rpc';
import type { Answer, Exchange } from './exchange.ts';
import { MIN_COMPRESSED_BYTES, acceptedCoding, compress, type ContentCoding } from './content-coding.ts';
import { httpStatus } from './http-status.ts';

const JSON_TYPE = 'application/json';

/**
 * Sends an answer, compressed where the client takes it, it is worth it and the operation allows it. Stock clients say that
 * they take gzip wherever their HTTP library does, and undo it for inferences alone: tritonclient.http.aio.
 */
export async function sendAnswer(reply: FastifyReply, exchange: Exchange, answer: Answer): Promise<void> {
  const { status = 200, contentType = JSON_TYPE } = answer;
  const plain = Buffer.isBuffer(answer.body) ? answer.body : Buffer.from(JSON.stringify(answer.body));
  const coding = codingOf(exchange, answer, plain.length);
  reply.code(status).headers(exchange.responseHeaders).type(contentType);
  if (answer.compressible) reply.header('vary', 'accept-encoding');
  if (coding !== 'identity') reply.header('content-encoding', coding);
  void reply.send(coding === 'identity' ? plain : await compress(plain, coding));
}

function codingOf({ headers }: Exchange, { compressible }: Answer, sizeBytes: number): ContentCoding {
  if (!compressible || sizeBytes < MIN_COMPRESSED_BYTES) return 'identity';
  return acceptedCoding(headers['accept-encoding']);
}

/** Sends a failure: `{ "error": text, "reason": name }`, the status by code and reason. */
export function sendFailure(
  reply: FastifyReply,
  error: ServiceError,
  headers: Exchange['responseHeaders'] = {},
): void {
  reply.code(httpStatus(error)).headers(headers).type(JSON_TYPE);
  if (error.retryAfterMs !== undefined) reply.header('retry-after', Math.ceil(error.retryAfterMs / 1_000));
  if (error.codeName === 'UNAUTHENTICATED') reply.header('www-authenticate', 'Bearer');
  void reply.send(Buffer.from(failureText(error)));
}

export function failureText({ message, reason }: Pick<ServiceError, 'message' | 'reason'>): string {
  return JSON.stringify({ error: message.toWellFormed(), reason });
}

/** What is no ServiceError is a defect: it leaves as INTERNAL, its cause in the log. */
export function asFailure(error: unknown, log: Log): ServiceError {
  if (error instanceof ServiceError) return error;
  log.error({ error }, 'a request over HTTP failed');
  return rpcErrors.INTERNAL('internal error', { cause: error });
}
