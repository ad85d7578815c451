import type { ServerInterceptor } from '../chain.ts';

/** Reads the request of a unary or server-streaming call: what is further out refuses without it. */
export const receiveRequest: ServerInterceptor = (call, next) => {
  if (call.receive === undefined) return next();
  return call.receive().then((request) => {
    call.request = request;
    return next();
  });
};
