import type { ServerInterceptor } from '../chain.ts';

/**
 * Ends the call when its context is cancelled (deadline, client, shutdown), whether or not the handler heeds its
 * signal. A call that is expired on arrival does not start.
 */
export const enforceDeadline: ServerInterceptor = (call, next) =>
  new Promise((resolve, reject) => {
    const { context } = call;
    if (context.cancellation !== undefined) {
      reject(context.cancellation);
      return;
    }
    context.onCancel(reject);
    next().then(resolve, reject);
  });
