import type { Call } from './call.ts';
import { errors } from './errors.ts';
import { decided } from './event.ts';
import type { Tables } from './tables.ts';

/** Revokes a key and returns the epoch from which gateways refuse it. Revoking it again changes nothing. */
export async function revokeApiKey(
  tables: Pick<Tables, 'apiKeys' | 'traffic' | 'events'>,
  call: Call,
  id: string,
): Promise<bigint> {
  const held = await tables.traffic.hold();
  const key = await tables.apiKeys.byId(id);
  if (!key) throw errors.API_KEY_NOT_FOUND(`no API key ${id} in this tenant`, { metadata: { key: id } });
  if (key.revokedAtUs !== undefined) return held;
  const epoch = await tables.traffic.nextEpoch();
  await tables.apiKeys.revoke(id, call.nowUs);
  await tables.events.publish(
    call.nowUs,
    { kind: 'traffic-changed', epoch },
    decided(call, {
      action: 'api_key_revoked',
      subject: `api-key/${id}`,
      outcome: key.name,
      reasons: [],
    }),
  );
  return epoch;
}
