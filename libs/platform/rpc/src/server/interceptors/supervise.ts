import { toServiceError } from '../../status/to-service-error.ts';
import type { ServerInterceptor } from '../chain.ts';

/**
 * Ends the call when its context is cancelled (deadline, client, shutdown), whether or not the handler heeds its
 * signal; a call that is expired on arrival does not start. From here outwards every failure is a ServiceError, and one
 * after the cancellation is the cancellation's.
 */
export const supervise: ServerInterceptor = (call, next) =>
  new Promise((resolve, reject) => {
    const { context } = call;
    const fail = (error: unknown): void => {
      reject(context.cancellation ?? toServiceError(error));
    };
    if (context.cancellation !== undefined) {
      reject(context.cancellation);
      return;
    }
    context.onCancel(reject);
    try {
      next().then(resolve, fail);
    } catch (error) {
      fail(error);
    }
  });
