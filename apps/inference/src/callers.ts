import { ANONYMOUS, authenticateServices, rpcErrors, type Authenticate } from '@plumbline/rpc';
import { anonymousTenant, type AccessSettings } from './domain/access.ts';

/** Admits services by the secret, where there is one, and callers without credentials where a tenant is theirs. */
export function authenticateCallers(settings: AccessSettings): Authenticate {
  const { serviceSecret } = settings;
  const tenant = anonymousTenant(settings);
  const services = serviceSecret === undefined ? undefined : authenticateServices(serviceSecret);
  return (metadata) => {
    const credentials = metadata.get('authorization');
    if (credentials === undefined && tenant !== undefined) return { caller: ANONYMOUS, tenant };
    if (services !== undefined) return services(metadata);
    throw rpcErrors.CREDENTIALS_INVALID('this server has no SERVICE_SECRET to check credentials by');
  };
}
