import { createHash } from 'node:crypto';
import type { Authenticate, Identity } from '@plumbline/rpc';
import { errors } from '../domain/errors.ts';
import type { RoutingTable } from '../domain/routing.ts';

/** Whatever looks like an API key is judged as one, so that a mistyped one is told so. */
const API_KEY = /^Bearer (plk_.*)$/i;

/** Accepts API keys of the current table, and service identities as every service does. */
export function authenticateCallers(
  table: () => RoutingTable | undefined,
  services: Authenticate,
): Authenticate {
  return (metadata) => {
    const secret = API_KEY.exec(metadata.get('authorization') ?? '')?.[1];
    return secret === undefined ? services(metadata) : identityOf(secret, table());
  };
}

function identityOf(secret: string, table: RoutingTable | undefined): Identity {
  if (table === undefined)
    throw errors.NOT_READY('the gateway has no routes and keys yet', { retryAfterMs: 500 });
  const key = table.apiKey(createHash('sha256').update(secret).digest('hex'));
  if (key === undefined) throw errors.API_KEY_INVALID('the API key is unknown or revoked');
  return { caller: { id: key.name, kind: 'api-key', scopes: key.scopes }, tenant: key.tenant };
}
