import { decodeRow } from '@plumbline/features';
import type { ObjectStore } from '@plumbline/objects';
import type { Database } from '@plumbline/sql';
import type { SourcePlan } from '../domain/catalogue.ts';
import type { HistoryStore, PastRow } from '../domain/history-store.ts';
import { ROWS_PER_COMMIT } from '../domain/resolve-versions.ts';
import type { Duck } from './duckdb.ts';
import { readSealed, rowKeyOf } from './sealed-rows.ts';

/** Rows of live history travel in packs of this many: one value to parse instead of one row of values each. */
const ROWS_PER_PACK = 2_048;

/** The next rows after a sequence, packed as (sequence, event, known int8, correction int2, length int4, body). */
const PACKED_ROWS = `
SELECT string_agg(int8send(h.sequence) || int8send(h.event_us) || int8send(h.known_us) ||
         int2send(h.correction::int::int2) || int4send(length(h.body)) || h.body, ''::bytea ORDER BY h.sequence) AS pack,
       max(h.sequence) AS last
FROM (SELECT * FROM history WHERE tenant = $1 AND source = $2 AND sequence > $3 AND sequence < $4
      ORDER BY sequence LIMIT ${ROWS_PER_PACK}) h`;

const SEALED_OBJECTS = `
SELECT object_digest, has_corrections FROM sealed_partition
WHERE tenant = $1 AND source = $2 AND commit_number <= $3 AND object_digest IS NOT NULL ORDER BY commit_number`;

/** History from sealed Parquet objects and from the table of live rows. */
export function historyStore(database: Database, duck: Duck, objects: ObjectStore): HistoryStore {
  const sealedObjects = (
    tenant: string,
    source: SourcePlan,
    watermark: number,
  ): Promise<{ object_digest: string; has_corrections: boolean }[]> =>
    database.query(SEALED_OBJECTS, [tenant, source.program.spec.name, watermark]);
  return {
    rowKeyOf: (source, row) => rowKeyOf(source, row.values),
    async watermark(tenant, source) {
      return database.transaction(async (tx) => {
        await tx.query(`SELECT pg_advisory_xact_lock(hashtextextended($1 || ' ' || $2, 1))`, [
          tenant,
          source,
        ]);
        const [row] = await tx.query<{ last_value: bigint }>('SELECT last_value FROM row_commit');
        return Number(row!.last_value);
      });
    },
    async correctedKeys(tenant, source, watermark) {
      const live = await database.query<{ row_key: string }>(
        `SELECT DISTINCT row_key FROM history
         WHERE tenant = $1 AND source = $2 AND correction AND sequence < $3`,
        [tenant, source.program.spec.name, endSequence(watermark)],
      );
      const keys = new Set(live.map((row) => row.row_key));
      for (const { object_digest, has_corrections } of await sealedObjects(tenant, source, watermark)) {
        if (!has_corrections) continue;
        for await (const block of readSealed(duck, objects, source, object_digest)) {
          for (const row of block) if (row.correction) keys.add(rowKeyOf(source, row.values));
        }
      }
      return keys;
    },
    async *rows(tenant, source, watermark) {
      for (const { object_digest } of await sealedObjects(tenant, source, watermark)) {
        yield* readSealed(duck, objects, source, object_digest);
      }
      yield* liveRows(database, tenant, source, watermark);
    },
  };
}

function endSequence(watermark: number): number {
  return (watermark + 1) * ROWS_PER_COMMIT;
}

async function* liveRows(
  database: Database,
  tenant: string,
  source: SourcePlan,
  watermark: number,
): AsyncGenerator<PastRow[]> {
  const types = source.program.spec.columns.map((column) => column.type);
  let after = 0n;
  for (;;) {
    const [row] = await database.query<{ pack: Buffer | null; last: bigint | null }>(
      PACKED_ROWS,
      [tenant, source.program.spec.name, after, endSequence(watermark)],
      { name: 'packed-rows', timeoutMs: 60_000 },
    );
    if (row === undefined || row.pack === null || row.last === null) return;
    yield unpack(row.pack, (body) => decodeRow(types, body));
    after = row.last;
  }
}

function unpack(pack: Buffer, decode: (body: Buffer) => PastRow['values']): PastRow[] {
  const rows: PastRow[] = [];
  for (let offset = 0; offset < pack.length;) {
    const end = offset + 30 + pack.readInt32BE(offset + 26);
    rows.push({
      sequence: Number(pack.readBigInt64BE(offset)),
      event: Number(pack.readBigInt64BE(offset + 8)),
      known: Number(pack.readBigInt64BE(offset + 16)),
      correction: pack.readInt16BE(offset + 24) === 1,
      values: decode(pack.subarray(offset + 30, end)),
    });
    offset = end;
  }
  return rows;
}
