import type { Database } from '@plumbline/sql';
import type { QuarantineStore } from '../domain/quarantine.ts';

interface Row {
  quarantine_id: bigint;
  source: string;
  origin: string;
  reason: string;
  detail: string;
  raw: Buffer;
  quarantined_at: bigint;
}

export function quarantineStore(database: Database): QuarantineStore {
  return {
    async list(tenant, source, before, limit) {
      const rows = await database.query<Row>(
        `SELECT quarantine_id, source, origin, reason, detail, raw, quarantined_at FROM quarantine
         WHERE tenant = $1 AND ($2 = '' OR source = $2) AND quarantine_id < $3
         ORDER BY quarantine_id DESC LIMIT $4`,
        [tenant, source, before, limit],
      );
      return rows.map(({ quarantine_id, quarantined_at, ...row }) => ({
        ...row,
        id: Number(quarantine_id),
        quarantinedAtUs: quarantined_at,
      }));
    },
    async count(tenant, source) {
      const [row] = await database.query<{ count: bigint }>(
        `SELECT count(*) FROM quarantine WHERE tenant = $1 AND ($2 = '' OR source = $2)`,
        [tenant, source],
      );
      return Number(row!.count);
    },
  };
}
