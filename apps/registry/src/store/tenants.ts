import { timestamp, type Queryable } from '@plumbline/sql';
import type { ApiKey, ApiKeys, Tenants } from '../domain/tenant.ts';

export function tenantsOf(tx: Queryable): Tenants {
  return {
    async create(tenant, by, nowUs) {
      const rows = await tx.query(
        `INSERT INTO tenants (tenant, created_at, created_by) VALUES ($1, $2, $3)
         ON CONFLICT DO NOTHING RETURNING tenant`,
        [tenant, timestamp(nowUs), by],
      );
      return rows.length > 0;
    },
    async exists(tenant) {
      const rows = await tx.query('SELECT 1 FROM tenants WHERE tenant = $1', [tenant]);
      return rows.length > 0;
    },
  };
}

interface KeyRow {
  readonly key_id: string;
  readonly name: string;
  readonly scopes: string[];
  readonly created_at: bigint;
  readonly revoked_at: bigint | null;
}

const KEY = 'key_id, name, scopes, created_at, revoked_at';

export function apiKeysOf(tx: Queryable, tenant: string): ApiKeys {
  return {
    async insert({ id, name, scopes, secretSha256 }, by, nowUs) {
      await tx.query(
        `INSERT INTO api_keys (tenant, key_id, name, secret_sha256, scopes, created_at, created_by)
         VALUES ($1, $2, $3, $4, $5, $6, $7)`,
        [tenant, id, name, Buffer.from(secretSha256), scopes, timestamp(nowUs), by],
      );
    },
    async byId(id) {
      const [row] = await tx.query<KeyRow>(`SELECT ${KEY} FROM api_keys WHERE tenant = $1 AND key_id = $2`, [
        tenant,
        id,
      ]);
      return row && keyOf(row);
    },
    async revoke(id, nowUs) {
      await tx.query(
        'UPDATE api_keys SET revoked_at = $3 WHERE tenant = $1 AND key_id = $2 AND revoked_at IS NULL',
        [tenant, id, timestamp(nowUs)],
      );
    },
    async list() {
      const rows = await tx.query<KeyRow>(
        `SELECT ${KEY} FROM api_keys WHERE tenant = $1 ORDER BY created_at, key_id`,
        [tenant],
      );
      return rows.map(keyOf);
    },
  };
}

function keyOf(row: KeyRow): ApiKey {
  const { key_id: id, name, scopes, created_at: createdAtUs, revoked_at } = row;
  return { id, name, scopes, createdAtUs, revokedAtUs: revoked_at ?? undefined };
}
