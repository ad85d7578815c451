import { DuckDBInstance, DuckDBTypeId, type DuckDBConnection, type DuckDBDataChunk } from '@duckdb/node-api';
import type { LabelledMatrix } from '../domain/boosting/matrix.ts';
import type { DatasetFile } from '../domain/training/engine.ts';
import { EngineFailure } from './engine-failure.ts';
import type { MemoryLimit } from './memory.ts';

/** A data set in memory: features as float32 (NULL as NaN), in the file's row order. */
export interface LoadedDataset {
  readonly matrix: LabelledMatrix;
  /** Epoch µs of each row. */
  readonly instantsUs: BigInt64Array;
  /** Facts of each feature's column. */
  readonly columns: readonly { readonly isInteger: boolean; readonly hasNulls: boolean }[];
}

const INTEGERS: ReadonlySet<DuckDBTypeId> = new Set([
  DuckDBTypeId.TINYINT,
  DuckDBTypeId.SMALLINT,
  DuckDBTypeId.INTEGER,
  DuckDBTypeId.BIGINT,
]);
/** Instants, label and float32 features of a row. */
const bytesPerRow = (features: number): number => 8 + 1 + 4 * features;

/** Reads the rows that have a label. Throws EngineFailure DATASET_UNREADABLE, DATASET_TOO_LARGE, DATASET_EMPTY, DATASET_ONE_CLASS. */
export async function readDataset(file: DatasetFile, memory: MemoryLimit): Promise<LoadedDataset> {
  memory.reserve(file.rows * bytesPerRow(file.features.length), `a data set of ${file.rows} rows`);
  const database = await DuckDBInstance.create(':memory:', { threads: '1', memory_limit: '256MB' });
  const connection = await database.connect();
  try {
    return await read(connection, file);
  } catch (error) {
    if (error instanceof EngineFailure) throw error;
    throw new EngineFailure('DATASET_UNREADABLE', (error as Error).message, { cause: error });
  } finally {
    connection.closeSync();
    database.closeSync();
  }
}

async function read(connection: DuckDBConnection, file: DatasetFile): Promise<LoadedDataset> {
  const integers = await integerColumns(connection, file);
  const result = await connection.stream(
    `SELECT instant_us::BIGINT, label::DOUBLE, ${file.features.map((name) => `${quoted(name)}::DOUBLE`).join(', ')}
     FROM read_parquet($1) WHERE label IS NOT NULL`,
    [file.path],
  );
  const target = new Loader(file);
  for (;;) {
    const chunk = await result.fetchChunk();
    if (chunk === null || chunk.rowCount === 0) break;
    target.take(chunk);
  }
  return target.finish(integers);
}

async function integerColumns(connection: DuckDBConnection, file: DatasetFile): Promise<boolean[]> {
  const columns = file.features.map(quoted).join(', ');
  const empty = await connection.run(`SELECT ${columns} FROM read_parquet($1) LIMIT 0`, [file.path]);
  return file.features.map((_, column) => INTEGERS.has(empty.columnTypeId(column)));
}

const quoted = (name: string): string => `"${name.replaceAll('"', '""')}"`;

/** Copies DuckDB's chunks into one matrix. */
class Loader {
  readonly #file: DatasetFile;
  readonly #values: Float32Array;
  readonly #labels: Uint8Array;
  readonly #instantsUs: BigInt64Array;
  readonly #hasNulls: boolean[];
  #rows = 0;

  constructor(file: DatasetFile) {
    this.#file = file;
    this.#values = new Float32Array(file.rows * file.features.length);
    this.#labels = new Uint8Array(file.rows);
    this.#instantsUs = new BigInt64Array(file.rows);
    this.#hasNulls = file.features.map(() => false);
  }

  take(chunk: DuckDBDataChunk): void {
    const { rows, features } = this.#file;
    const count = chunk.rowCount;
    if (this.#rows + count > rows) {
      throw new EngineFailure(
        'DATASET_UNREADABLE',
        `the object has more than the ${rows} rows it is described with`,
      );
    }
    const instants = chunk.getColumnVector(0);
    const labels = chunk.getColumnVector(1);
    for (let row = 0; row < count; row += 1) {
      this.#instantsUs[this.#rows + row] = instants.getItem(row) as bigint;
      this.#labels[this.#rows + row] = labels.getItem(row) === 0 ? 0 : 1;
    }
    features.forEach((_, column) => this.#takeFeature(chunk, column));
    this.#rows += count;
  }

  #takeFeature(chunk: DuckDBDataChunk, column: number): void {
    const vector = chunk.getColumnVector(column + 2);
    const width = this.#file.features.length;
    const count = chunk.rowCount;
    for (let row = 0; row < count; row += 1) {
      const value = vector.getItem(row) as number | null;
      if (value === null) this.#hasNulls[column] = true;
      this.#values[(this.#rows + row) * width + column] = value ?? Number.NaN;
    }
  }

  finish(integers: readonly boolean[]): LoadedDataset {
    const rowCount = this.#rows;
    const labels = this.#labels.subarray(0, rowCount);
    if (rowCount === 0) throw new EngineFailure('DATASET_EMPTY', 'no row of a data set has a label');
    if (!labels.includes(0) || !labels.includes(1)) {
      throw new EngineFailure('DATASET_ONE_CLASS', `all ${rowCount} labels of a data set are alike`);
    }
    const { features } = this.#file;
    return {
      matrix: {
        columns: features,
        rowCount,
        values: this.#values.subarray(0, rowCount * features.length),
        labels,
      },
      instantsUs: this.#instantsUs.subarray(0, rowCount),
      columns: integers.map((isInteger, column) => ({ isInteger, hasNulls: this.#hasNulls[column]! })),
    };
  }
}
