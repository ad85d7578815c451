import { createHmac, timingSafeEqual } from 'node:crypto';
import { parseCaller, type Identity } from '../context/caller.ts';
import { metadataNames } from '../context/metadata-names.ts';
import type { ReadonlyMetadata } from '../context/metadata.ts';
import { rpcErrors } from '../errors.ts';
import type { Authenticate } from './authenticate.ts';

const PREFIX = 'Bearer plsvc.';
const MAX_CACHED_TOKENS = 64;

/** The value of `authorization` for a service of this deployment: `Bearer plsvc.<service>.<HMAC-SHA-256 hex>`. */
export function serviceToken(service: string, secret: string): string {
  return `${PREFIX}${service}.${signature(service, secret)}`;
}

function signature(service: string, secret: string): string {
  return createHmac('sha256', secret).update(service).digest('hex');
}

/**
 * Admits the services that hold the deployment's secret. They may act for the tenant and the caller that they name in
 * `plumbline-tenant` and `plumbline-caller`; naming no caller, a service acts for itself.
 *
 * @throws ServiceError CREDENTIALS_MISSING, CREDENTIALS_INVALID
 */
export function authenticateServices(secret: string): Authenticate {
  if (secret === '') throw new TypeError('the service secret is empty');
  const verified = new Map<string, string>();
  return (metadata) => {
    const token = metadata.get(metadataNames.authorization);
    if (token === undefined) throw rpcErrors.CREDENTIALS_MISSING('the call carries no credentials');
    const service = verified.get(token) ?? verify(token, secret);
    if (verified.size < MAX_CACHED_TOKENS) verified.set(token, service);
    return identityOf(service, metadata);
  };
}

function verify(token: string, secret: string): string {
  const match = /^Bearer plsvc\.([a-z][a-z0-9-]{0,62})\.([0-9a-f]{64})$/.exec(token);
  const [, service = '', given = ''] = match ?? [];
  const valid =
    match !== null &&
    timingSafeEqual(Buffer.from(given, 'hex'), Buffer.from(signature(service, secret), 'hex'));
  if (!valid)
    throw rpcErrors.CREDENTIALS_INVALID('the credentials are not those of a service of this deployment');
  return service;
}

function identityOf(service: string, metadata: ReadonlyMetadata): Identity {
  const tenant = metadata.get(metadataNames.tenant) ?? '';
  const named = metadata.get(metadataNames.caller);
  if (named === undefined) return { caller: { id: service, kind: 'service', scopes: [] }, tenant };
  const caller = parseCaller(named, service);
  if (caller === undefined) {
    throw rpcErrors.CREDENTIALS_INVALID(`"${metadataNames.caller}" is not of the form kind:id`);
  }
  return { caller, tenant };
}
