import type { IncomingMessage } from 'node:http';
import type { Readable } from 'node:stream';
import { createGunzip, createInflate } from 'node:zlib';
import { ServiceError } from '@plumbline/errors';
import { restErrors } from '../errors.ts';
import type { HeldBytes } from './body-budget.ts';
import { JoinedBytes } from './joined-bytes.ts';

/**
 * Reads a body, decompressed as its Content-Encoding says. Neither what arrives nor what it decompresses to may exceed
 * `maxBytes`: reading stops there. What is not read is discarded, so that the answer reaches a client that still sends.
 *
 * @throws ServiceError BODY_TOO_LARGE, ENCODING_UNSUPPORTED, ENCODING_INVALID, BODY_INCOMPLETE, TOO_MANY_BODY_BYTES
 */
export async function readBody(request: IncomingMessage, maxBytes: number, held: HeldBytes): Promise<Buffer> {
  let source: Readable = request;
  try {
    if (Number(request.headers['content-length'] ?? 0) > maxBytes) throw tooLarge(maxBytes);
    source = decoded(request, maxBytes);
    return await collect(source, maxBytes, held);
  } finally {
    if (source !== request) source.destroy();
    if (!request.readableEnded) request.unpipe().resume();
  }
}

async function collect(source: Readable, maxBytes: number, held: HeldBytes): Promise<Buffer> {
  const body = new JoinedBytes();
  try {
    for await (const chunk of source.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
      if (body.length + chunk.length > maxBytes) throw tooLarge(maxBytes);
      held.take(chunk.length);
      body.add(chunk);
    }
  } catch (error) {
    throw readFailure(error);
  }
  return body.bytes;
}

function decoded(request: IncomingMessage, maxBytes: number): Readable {
  const encoding = (request.headers['content-encoding'] ?? 'identity').trim().toLowerCase();
  if (encoding === 'identity' || encoding === '') return request;
  if (encoding === 'gzip' || encoding === 'x-gzip') return decompress(request, createGunzip(), maxBytes);
  if (encoding === 'deflate') return decompress(request, createInflate(), maxBytes);
  throw restErrors.ENCODING_UNSUPPORTED('Content-Encoding must be identity, gzip or deflate');
}

type Decoder = ReturnType<typeof createGunzip> | ReturnType<typeof createInflate>;

/** Compressed input can be long without putting anything out: it is bounded too. */
function decompress(request: IncomingMessage, decoder: Decoder, maxBytes: number): Readable {
  let received = 0;
  request.on('data', (chunk: Buffer) => {
    received += chunk.length;
    if (received > maxBytes) decoder.destroy(tooLarge(maxBytes));
  });
  request.once('error', (error) => decoder.destroy(error));
  decoder.once('close', () => request.unpipe(decoder));
  return request.pipe(decoder);
}

const tooLarge = (maxBytes: number): ServiceError =>
  restErrors.BODY_TOO_LARGE(`the body has more than the ${maxBytes} bytes that are taken`);

function readFailure(error: unknown): ServiceError {
  if (error instanceof ServiceError) return error;
  const { code = '' } = error as NodeJS.ErrnoException;
  return code.startsWith('Z_')
    ? restErrors.ENCODING_INVALID('the body cannot be decompressed as its Content-Encoding says', {
        cause: error,
      })
    : restErrors.BODY_INCOMPLETE('the connection ended before the body did', { cause: error });
}
