import type { ServerCall } from '../call.ts';
import type { ServerInterceptor } from '../chain.ts';

/** Reads the request of a unary or server-streaming call: what is further out refuses without it. */
export const receiveRequest: ServerInterceptor = (call, next) =>
  call.receive === undefined ? next() : receiveFirst(call, call.receive(), next);

async function receiveFirst(
  call: ServerCall,
  request: Promise<Buffer>,
  next: () => Promise<void>,
): Promise<void> {
  call.request = await request;
  await next();
}
