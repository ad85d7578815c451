import type { Authenticate } from '../../identity/authenticate.ts';
import type { ServerInterceptor } from '../chain.ts';

/** Gives the context its caller and tenant; nothing further in runs for a caller that is refused. */
export function authenticateCalls(authenticate: Authenticate): ServerInterceptor {
  return (call, next) => {
    const identity = authenticate(call.context.requestMetadata);
    if (identity instanceof Promise) {
      return identity.then((identified) => {
        call.context.identify(identified);
        return next();
      });
    }
    call.context.identify(identity);
    return next();
  };
}
