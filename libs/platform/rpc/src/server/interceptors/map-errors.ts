import { toServiceError } from '../../status/to-service-error.ts';
import type { ServerInterceptor } from '../chain.ts';

/** From here outwards every failure is a ServiceError. A failure after cancellation is the cancellation's. */
export const mapErrors: ServerInterceptor = async (call, next) => {
  try {
    await next();
  } catch (error) {
    throw call.context.cancellation ?? toServiceError(error);
  }
};
