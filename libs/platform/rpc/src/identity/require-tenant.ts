import type { CallContext } from '../context/call-context.ts';
import { rpcErrors } from '../errors.ts';

/** The tenant of a call to a method that only works within one. @throws ServiceError TENANT_REQUIRED */
export function requireTenant(context: CallContext): string {
  if (context.tenant === '') {
    throw rpcErrors.TENANT_REQUIRED(`${context.method} works within a tenant and the call names none`);
  }
  return context.tenant;
}
