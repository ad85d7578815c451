import type { ObjectStore } from '@plumbline/objects';
import type { DatasetStore } from '../domain/training-set.ts';
import type { Duck } from './duckdb.ts';
import { writeParquet } from './parquet-writer.ts';

export function datasetStore(duck: Duck, objects: ObjectStore): DatasetStore {
  return { write: (columns, rowCount) => writeParquet(duck, objects, columns, rowCount) };
}
