import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { realpath, stat } from 'node:fs/promises';
import { sep } from 'node:path';
import { pipeline } from 'node:stream/promises';
import type { DuckDBConnection, DuckDBDataChunk } from '@duckdb/node-api';
import type { ValueType } from '@plumbline/expressions';
import type { SourcePlan } from '../domain/catalogue.ts';
import { errors } from '../domain/errors.ts';
import type { FileChunk, FileStore, RowFile } from '../domain/file-store.ts';
import { identifier, literal, type Duck } from './duckdb.ts';
import { columnReader } from './vectors.ts';

/** How DuckDB's types reach us: whole numbers and instants as DOUBLE, whose safe integers are ours. */
const READS: readonly (readonly [RegExp, ValueType, (column: string) => string])[] = [
  [/^(U?(TINY|SMALL|BIG|HUGE)?INT|U?INTEGER)$/, 'INT64', (column) => `CAST(${column} AS DOUBLE)`],
  [/^(FLOAT|DOUBLE|DECIMAL.*)$/, 'DOUBLE', (column) => `CAST(${column} AS DOUBLE)`],
  [/^(TIMESTAMP.*|DATE)$/, 'TIMESTAMP', (column) => `CAST(epoch_us(${column}) AS DOUBLE)`],
  [/^BOOLEAN$/, 'BOOL', (column) => column],
  [/./, 'STRING', (column) => `CAST(${column} AS VARCHAR)`],
];

/** Reads Parquet files below `directories`, and no others. */
export function parquetFiles(duck: Duck, directories: readonly string[]): FileStore {
  return {
    async open(path, source, rowNumberColumn) {
      const file = await permittedPath(path, directories);
      const scan = `read_parquet(${literal(file)}, file_row_number = true)`;
      const digest = await digestOf(file);
      const [rowCount, columns] = await malformed(path, () =>
        duck.use(
          async (connection) =>
            [await countRows(connection, file), await describe(connection, scan)] as const,
        ),
      );
      const selected = selectColumns(path, source, columns, rowNumberColumn);
      return rowFile(duck, { path, scan, digest, rowCount, selected });
    },
  };
}

interface SelectedColumn {
  readonly type: ValueType;
  readonly sql: string;
}

interface OpenedFile {
  readonly path: string;
  readonly scan: string;
  readonly digest: string;
  readonly rowCount: number;
  readonly selected: readonly SelectedColumn[];
}

function rowFile(duck: Duck, opened: OpenedFile): RowFile {
  const { path, scan, digest, rowCount, selected } = opened;
  const columns = selected.map(({ sql }) => sql).join(', ');
  async function* rows(firstRow: number): AsyncGenerator<FileChunk> {
    const sql = `SELECT CAST(file_row_number AS DOUBLE), ${columns} FROM ${scan} WHERE file_row_number >= ${firstRow}`;
    const connection = await duck.connect();
    try {
      const result = await malformed(path, () => connection.stream(sql));
      let next = firstRow;
      for (;;) {
        const chunk = await malformed(path, () => result.fetchChunk());
        if (chunk === null || chunk.rowCount === 0) return;
        const slice = fileChunk(chunk, selected);
        if (slice.firstRow !== next) throw new Error(`rows of ${path} come out of order`);
        next += slice.count;
        yield slice;
      }
    } finally {
      connection.closeSync();
    }
  }
  return { digest, rowCount, types: selected.map(({ type }) => type), rows };
}

function fileChunk(chunk: DuckDBDataChunk, selected: readonly SelectedColumn[]): FileChunk {
  const readers = selected.map((_, index) => columnReader(chunk.getColumnVector(index + 1)));
  return {
    firstRow: Number(columnReader(chunk.getColumnVector(0))(0)),
    count: chunk.rowCount,
    value: (column, index) => readers[column]!(index),
  };
}

async function permittedPath(path: string, directories: readonly string[]): Promise<string> {
  const file = await realpath(path).catch(() => undefined);
  const roots = await Promise.all(directories.map((directory) => realpath(directory).catch(() => undefined)));
  const isWithin = roots.some((root) => root !== undefined && file?.startsWith(root + sep) === true);
  if (file !== undefined && isWithin && (await stat(file)).isFile()) return file;
  throw errors.FILE_NOT_FOUND(`no file ${path} below the directories that this service reads`, {
    metadata: { path },
  });
}

async function digestOf(file: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(file, { highWaterMark: 1 << 20 }), hash);
  return `sha256:${hash.digest('hex')}`;
}

async function countRows(connection: DuckDBConnection, file: string): Promise<number> {
  const result = await connection.runAndReadAll(
    `SELECT CAST(num_rows AS DOUBLE) FROM parquet_file_metadata(${literal(file)})`,
  );
  return Number(result.getRows()[0]![0]);
}

async function describe(connection: DuckDBConnection, scan: string): Promise<Map<string, string>> {
  const result = await connection.runAndReadAll(`DESCRIBE SELECT * FROM ${scan}`);
  return new Map(result.getRows().map((row) => [String(row[0]), String(row[1])]));
}

function selectColumns(
  path: string,
  source: SourcePlan,
  columns: ReadonlyMap<string, string>,
  rowNumberColumn: string,
): SelectedColumn[] {
  const { name: sourceName, columns: wanted } = source.program.spec;
  if (rowNumberColumn !== '' && !wanted.some((column) => column.name === rowNumberColumn)) {
    throw errors.ROWS_INVALID(`source ${sourceName} has no column ${rowNumberColumn} for row numbers`);
  }
  return wanted.map((column): SelectedColumn => {
    if (column.name === rowNumberColumn) return { type: 'INT64', sql: 'CAST(file_row_number AS DOUBLE)' };
    const type = columns.get(column.name);
    if (type !== undefined) return readAs(column.name, type);
    if (!column.required) return { type: column.type, sql: 'CAST(NULL AS VARCHAR)' };
    throw errors.FILE_MALFORMED(
      `the file has no column ${column.name}, which source ${sourceName} requires`,
      {
        metadata: { path, column: column.name },
      },
    );
  });
}

function readAs(name: string, duckType: string): SelectedColumn {
  const [, type, sql] = READS.find(([pattern]) => pattern.test(duckType))!;
  return { type, sql: sql(identifier(name)) };
}

/** DuckDB refuses broken files with errors of its own; to the caller they are all one. */
async function malformed<T>(path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    throw errors.FILE_MALFORMED(`${path} cannot be read as Parquet`, { metadata: { path }, cause });
  }
}
