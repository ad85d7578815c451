import { createReadStream } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { BOOLEAN, DOUBLE, VARCHAR, DuckDBDataChunk, type DuckDBType } from '@duckdb/node-api';
import type { Value, ValueType } from '@plumbline/expressions';
import type { ObjectStore, StoredObject } from '@plumbline/objects';
import { identifier, literal, type Duck } from './duckdb.ts';
import { fillColumn, parquetType } from './vectors.ts';

export interface WrittenColumn {
  readonly name: string;
  readonly type: ValueType;
  /** Value in row `row`. */
  readonly value: (row: number) => Value;
}

const CHUNK_ROWS = 2048;
const ROW_GROUP_ROWS = 122_880;

let drafts = 0;

/**
 * Writes columns to a Parquet object, rows in order. Deterministic: the same values give the same bytes under the same
 * DuckDB, because one thread writes and nothing of the moment enters the file.
 */
export async function writeParquet(
  duck: Duck,
  objects: ObjectStore,
  columns: readonly WrittenColumn[],
  rowCount: number,
): Promise<StoredObject> {
  const table = `draft_${++drafts}`;
  const file = join(duck.directory, `${table}.parquet`);
  const fields = columns.map(({ name, type }) => `${identifier(name)} ${draftSqlType(type)}`);
  try {
    await duck.connection.run(`CREATE TEMP TABLE ${table} (${fields.join(', ')})`);
    await append(duck, table, columns, rowCount);
    const casts = columns.map(
      ({ name, type }) => `CAST(${identifier(name)} AS ${parquetType(type)}) AS ${identifier(name)}`,
    );
    await duck.connection.run(
      `COPY (SELECT ${casts.join(', ')} FROM ${table}) TO ${literal(file)}
       (FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE ${ROW_GROUP_ROWS})`,
    );
    return await objects.put(createReadStream(file, { highWaterMark: 1 << 20 }));
  } finally {
    await duck.connection.run(`DROP TABLE IF EXISTS ${table}`);
    await rm(file, { force: true });
  }
}

async function append(
  duck: Duck,
  table: string,
  columns: readonly WrittenColumn[],
  rowCount: number,
): Promise<void> {
  const appender = await duck.connection.createAppender(table);
  try {
    const types = columns.map(({ type }) => draftType(type));
    for (let first = 0; first < rowCount; first += CHUNK_ROWS) {
      const chunk = DuckDBDataChunk.create(types, Math.min(CHUNK_ROWS, rowCount - first));
      columns.forEach(({ value }, index) => fillColumn(chunk, index, (row) => value(first + row)));
      appender.appendDataChunk(chunk);
    }
  } finally {
    appender.closeSync();
  }
}

/** Numbers go in as DOUBLE, which holds every safe integer, and are cast on the way out. */
function draftType(type: ValueType): DuckDBType {
  if (type === 'STRING') return VARCHAR;
  return type === 'BOOL' ? BOOLEAN : DOUBLE;
}

function draftSqlType(type: ValueType): string {
  if (type === 'STRING') return 'VARCHAR';
  return type === 'BOOL' ? 'BOOLEAN' : 'DOUBLE';
}
