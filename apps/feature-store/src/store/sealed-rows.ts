import type { DuckDBConnection, DuckDBDataChunk } from '@duckdb/node-api';
import { BloomFilter, composeKey, type KeyValue } from '@plumbline/features';
import type { Value } from '@plumbline/expressions';
import type { ObjectStore } from '@plumbline/objects';
import type { SourcePlan } from '../domain/catalogue.ts';
import type { SealStore } from '../domain/file-store.ts';
import type { HistoryRow, StoredVersion } from '../domain/row-store.ts';
import { identifier, literal, type Duck } from './duckdb.ts';
import { writeParquet, type WrittenColumn } from './parquet-writer.ts';
import type { FindSealed } from './commit-survey.ts';
import { columnReader } from './vectors.ts';

/** A sealed row as it is read back. */
export interface SealedRow extends StoredVersion {
  readonly correction: boolean;
}

/** Columns that every sealed object has before the source's raw columns, which follow as `raw_<name>`. */
const SYSTEM_COLUMNS = ['sequence', 'event_us', 'known_us'] as const;

export function sealStore(duck: Duck, objects: ObjectStore): SealStore {
  return {
    async seal(source, rows) {
      const { digest, sizeBytes } = await writeParquet(duck, objects, columnsOf(source, rows), rows.length);
      return {
        digest,
        sizeBytes,
        rowKeyFilter: BloomFilter.of(rows.map(({ row }) => row.rowKey)).bits,
        hasCorrections: rows.some((row) => row.correction),
      };
    },
  };
}

/** Reads a sealed object block by block, in sequence order. Columns that the source got later read as NULL. */
export async function* readSealed(
  duck: Duck,
  objects: ObjectStore,
  source: SourcePlan,
  objectDigest: string,
): AsyncGenerator<SealedRow[]> {
  const file = await objects.path(objectDigest);
  const connection = await duck.connect();
  try {
    const result = await connection.stream(await scanOf(connection, source, file));
    for (;;) {
      const chunk = await result.fetchChunk();
      if (chunk === null || chunk.rowCount === 0) return;
      yield rowsOf(chunk);
    }
  } finally {
    connection.closeSync();
  }
}

function rowsOf(chunk: DuckDBDataChunk): SealedRow[] {
  const readers = Array.from({ length: chunk.columnCount }, (_, i) => columnReader(chunk.getColumnVector(i)));
  const [sequence, event, known, correction, ...values] = readers;
  return Array.from({ length: chunk.rowCount }, (_, i) => ({
    sequence: sequence!(i) as number,
    event: event!(i) as number,
    known: known!(i) as number,
    correction: correction!(i) as boolean,
    values: values.map((read) => read(i)),
  }));
}

async function scanOf(connection: DuckDBConnection, source: SourcePlan, file: string): Promise<string> {
  const scan = `read_parquet(${literal(file)})`;
  const described = await connection.runAndReadAll(`DESCRIBE SELECT * FROM ${scan}`);
  const sealed = new Set(described.getRows().map((row) => String(row[0])));
  const system = SYSTEM_COLUMNS.map((column) => `CAST(${column} AS DOUBLE)`);
  const raw = source.program.spec.columns.map((column) => rawColumn(column.name, column.type, sealed));
  return `SELECT ${[...system, 'correction', ...raw].join(', ')} FROM ${scan}`;
}

/** Finds versions of row keys in a sealed object by reading it: rare, because a filter lets few absent keys through. */
export function findSealed(openDuck: () => Promise<Duck>, objects: ObjectStore): FindSealed {
  return async (objectDigest, source, rowKeys) => {
    const wanted = new Set(rowKeys);
    const found = new Map<string, StoredVersion[]>();
    for await (const block of readSealed(await openDuck(), objects, source, objectDigest)) {
      for (const row of block) {
        const key = rowKeyOf(source, row.values);
        if (wanted.has(key)) found.set(key, [...(found.get(key) ?? []), row]);
      }
    }
    return found;
  };
}

/** The row key of admitted raw values. */
export function rowKeyOf(source: SourcePlan, raw: readonly Value[]): string {
  const { program } = source;
  const row = program.derive(raw.slice(0, program.rawCount));
  return composeKey(program.spec.rowKey.map((column) => row[program.slotOf(column)] as KeyValue));
}

function columnsOf(source: SourcePlan, rows: readonly HistoryRow[]): WrittenColumn[] {
  return [
    { name: 'sequence', type: 'INT64', value: (i) => rows[i]!.sequence },
    { name: 'event_us', type: 'INT64', value: (i) => rows[i]!.row.event },
    { name: 'known_us', type: 'INT64', value: (i) => rows[i]!.row.known },
    { name: 'correction', type: 'BOOL', value: (i) => rows[i]!.correction },
    ...source.program.spec.columns.map(({ name, type }, slot): WrittenColumn => ({
      name: `raw_${name}`,
      type,
      value: (i) => rows[i]!.row.values[slot]!,
    })),
  ];
}

function rawColumn(name: string, type: string, sealed: ReadonlySet<string>): string {
  const column = `raw_${name}`;
  if (!sealed.has(column)) return 'CAST(NULL AS VARCHAR)';
  return type === 'INT64' || type === 'TIMESTAMP'
    ? `CAST(${identifier(column)} AS DOUBLE)`
    : identifier(column);
}
