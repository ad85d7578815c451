import type { DuckDBDataChunk, DuckDBVector } from '@duckdb/node-api';
import type { Value, ValueType } from '@plumbline/expressions';

/** Reads values of a DOUBLE, VARCHAR or BOOLEAN vector: the only ones that our queries select. */
export function columnReader(vector: DuckDBVector): (index: number) => Value {
  return (index) => vector.getItem(index) as Value;
}

/** A column of a chunk to be written as DOUBLE, VARCHAR or BOOLEAN. */
export function fillColumn(chunk: DuckDBDataChunk, column: number, valueAt: (index: number) => Value): void {
  const vector = chunk.getColumnVector(column) as DuckDBVector & {
    setItem(index: number, value: Value): void;
  };
  const { rowCount } = chunk;
  for (let index = 0; index < rowCount; index++) vector.setItem(index, valueAt(index));
  vector.flush();
}

/** The Parquet type of a value type; whole numbers and instants are int64. */
export function parquetType(type: ValueType): string {
  switch (type) {
    case 'INT64':
    case 'TIMESTAMP':
      return 'BIGINT';
    case 'DOUBLE':
      return 'DOUBLE';
    case 'STRING':
      return 'VARCHAR';
    case 'BOOL':
      return 'BOOLEAN';
  }
}
