import type { Authenticate } from '../../identity/authenticate.ts';
import type { ServerInterceptor } from '../chain.ts';

/** Gives the context its caller and tenant; nothing further in runs for a caller that is refused. */
export function authenticateCalls(authenticate: Authenticate): ServerInterceptor {
  return async (call, next) => {
    const identity = authenticate(call.context.requestMetadata);
    call.context.identify(identity instanceof Promise ? await identity : identity);
    await next();
  };
}
