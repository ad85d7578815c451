import type { Database } from '@plumbline/sql';
import type { LedgerStore } from '../domain/file-store.ts';

interface LedgerRow {
  first_row: bigint;
  end_row: bigint;
  rows_read: bigint;
  rows_accepted: bigint;
  rows_quarantined: bigint;
}

export function ledgerStore(database: Database): LedgerStore {
  return {
    async loadedPartitions(tenant, source, loadId) {
      const rows = await database.query<LedgerRow>(
        `SELECT first_row, end_row, rows_read, rows_accepted, rows_quarantined FROM sealed_partition
         WHERE tenant = $1 AND source = $2 AND load_id = $3 ORDER BY first_row`,
        [tenant, source, loadId],
      );
      return rows.map((row) => ({
        firstRow: Number(row.first_row),
        endRow: Number(row.end_row),
        rowsRead: Number(row.rows_read),
        rowsAccepted: Number(row.rows_accepted),
        rowsQuarantined: Number(row.rows_quarantined),
      }));
    },
  };
}
