import { createHash, randomBytes, randomUUID } from 'node:crypto';
import type { Call } from './call.ts';
import { errors } from './errors.ts';
import { decided } from './event.ts';
import type { Tables } from './tables.ts';

export interface CreatedApiKey {
  readonly id: string;
  /** Shown to the caller this once. */
  readonly secret: string;
  readonly epoch: bigint;
}

/**
 * Creates an API key: `plk_` and 256 random bits. Only its SHA-256 is kept, which for a random token of that length
 * needs neither salt nor stretching.
 */
export async function createApiKey(
  tables: Pick<Tables, 'tenants' | 'apiKeys' | 'traffic' | 'events'>,
  call: Call,
  { name, scopes }: { readonly name: string; readonly scopes: readonly string[] },
): Promise<CreatedApiKey> {
  if (!(await tables.tenants.exists(call.tenant))) {
    throw errors.TENANT_NOT_FOUND(`no tenant "${call.tenant}"`, { metadata: { tenant: call.tenant } });
  }
  const id = randomUUID();
  const secret = `plk_${randomBytes(32).toString('base64url')}`;
  const secretSha256 = createHash('sha256').update(secret).digest();
  const epoch = await tables.traffic.nextEpoch();
  await tables.apiKeys.insert({ id, name, scopes, secretSha256 }, call.actor, call.nowUs);
  await tables.events.publish(
    call.nowUs,
    { kind: 'traffic-changed', epoch },
    decided(call, {
      action: 'api_key_created',
      subject: `api-key/${id}`,
      outcome: name,
      reasons: [`scopes ${scopes.join(', ') || 'none'}`],
    }),
  );
  return { id, secret, epoch };
}
