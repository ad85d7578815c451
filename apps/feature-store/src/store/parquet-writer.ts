import { createReadStream } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import {
  BOOLEAN,
  DOUBLE,
  VARCHAR,
  DuckDBDataChunk,
  type DuckDBConnection,
  type DuckDBType,
} from '@duckdb/node-api';
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
  const file = join(duck.directory, `draft-${++drafts}.parquet`);
  try {
    await duck.use(async (connection) => {
      await append(connection, columns, rowCount);
      const casts = columns.map(
        ({ name, type }) => `CAST(${identifier(name)} AS ${parquetType(type)}) AS ${identifier(name)}`,
      );
      await connection.run(
        `COPY (SELECT ${casts.join(', ')} FROM draft) TO ${literal(file)}
         (FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE ${ROW_GROUP_ROWS})`,
      );
    });
    return await objects.put(createReadStream(file, { highWaterMark: 1 << 20 }));
  } finally {
    await rm(file, { force: true });
  }
}

/** Temporary tables belong to their connection and go with it. */
async function append(
  connection: DuckDBConnection,
  columns: readonly WrittenColumn[],
  rowCount: number,
): Promise<void> {
  const fields = columns.map(({ name, type }) => `${identifier(name)} ${draftSqlType(type)}`);
  await connection.run(`CREATE TEMP TABLE draft (${fields.join(', ')})`);
  const appender = await connection.createAppender('draft');
  try {
    const types = columns.map(({ type }) => draftType(type));
    // One chunk for all: its memory is DuckDB's, and the collector does not know how much there is of it.
    const chunk = DuckDBDataChunk.create(types);
    for (let first = 0; first < rowCount; first += CHUNK_ROWS) {
      chunk.reset();
      chunk.rowCount = Math.min(CHUNK_ROWS, rowCount - first);
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
