import type { FastifyReply } from 'fastify';
import { ServiceError } from '@plumbline/errors';
import { rpcErrors, type Log } from '@plumbline/rpc';
import type { Answer, Exchange } from './exchange.ts';
import { MIN_COMPRESSED_BYTES, acceptedCoding, compress } from './content-coding.ts';
import { httpStatus } from './http-status.ts';

const JSON_TYPE = 'application/json';

/** Sends an answer, compressed where the client takes it and it is worth it. */
export async function sendAnswer(reply: FastifyReply, exchange: Exchange, answer: Answer): Promise<void> {
  const { status = 200, contentType = JSON_TYPE } = answer;
  const plain = Buffer.isBuffer(answer.body) ? answer.body : Buffer.from(JSON.stringify(answer.body));
  const accepted = acceptedCoding(exchange.headers['accept-encoding']);
  const coding = plain.length < MIN_COMPRESSED_BYTES ? 'identity' : accepted;
  const body = coding === 'identity' ? plain : await compress(plain, coding);
  reply
    .code(status)
    .headers({ ...exchange.responseHeaders, vary: 'accept-encoding' })
    .type(contentType);
  if (coding !== 'identity') reply.header('content-encoding', coding);
  void reply.send(body);
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
