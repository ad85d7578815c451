import type { Caller, Interceptor } from '@plumbline/rpc';
import { errors } from '../domain/errors.ts';
import { isPermitted } from '../domain/permissions.ts';

/** The service that vouches for the call: what a service says about whom it acts for gives it no further rights. */
function vouchingService({ id, kind, via }: Caller): string | undefined {
  if (via !== undefined) return via;
  return kind === 'service' ? id : undefined;
}

/** Lets a call through when the permission table allows its method to the calling service. Denies by default. */
export const authorise: Interceptor = async ({ context }, next) => {
  const service = vouchingService(context.caller);
  if (!isPermitted(context.method, service)) {
    throw errors.CALLER_NOT_PERMITTED(`${service ?? 'the caller'} may not call ${context.method}`, {
      metadata: { method: context.method, service: service ?? '' },
    });
  }
  return next();
};
