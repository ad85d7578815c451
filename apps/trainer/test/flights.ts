import { join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import type { DatasetFile } from '../src/domain/training/engine.ts';

/** Features of the made-up data sets; the share and the hour say something about the label, the rest is noise. */
export const FEATURES = [
  'airport_outcomes:count_24h',
  'airport_outcomes:late_share_24h',
  'route_outcomes:mean_delay_28d',
  'departure:hour',
];
export const SOURCES = ['outcomes', 'outcomes', 'outcomes', 'request'];
export const SHARE = 'airport_outcomes:late_share_24h';

export interface MadeUp {
  readonly rows: number;
  /** Another one gives other rows. */
  readonly seed: number;
  /** All labels 0. */
  readonly oneClass?: boolean;
}

/** Writes a data set in the feature store's layout: one row a minute, deterministic, some values NULL. */
export async function writeDataset(
  directory: string,
  { rows, seed, oneClass }: MadeUp,
): Promise<DatasetFile> {
  const path = join(directory, `flights-${rows}-${seed}-${oneClass ? 'one' : 'two'}.parquet`);
  const uniform = (stream: number) => `(hash(i, ${stream}, ${seed}) % 1000003) / 1000003.0`;
  const late = `${uniform(1)} < 0.15 + 0.5 * coalesce(share, 0.6) * (CASE WHEN hour > 15 THEN 1 ELSE 0.2 END)`;
  const database = await DuckDBInstance.create(':memory:', { threads: '1' });
  const connection = await database.connect();
  await connection.run(`COPY (
    SELECT i AS row_key, 978307200000000 + i * 60000000 AS instant_us,
      CASE WHEN ${oneClass ? 'false' : late} THEN 1.0 ELSE 0.0 END AS label,
      (i % 40)::BIGINT AS "${FEATURES[0]}", share AS "${FEATURES[1]}",
      ${uniform(2)} * 90 - 20 AS "${FEATURES[2]}", hour AS "${FEATURES[3]}"
    FROM (SELECT i, CASE WHEN ${uniform(3)} < 0.1 THEN NULL ELSE ${uniform(4)} END AS share,
            floor(${uniform(5)} * 24)::BIGINT AS hour
          FROM range(${rows}) AS t(i))
    ORDER BY i) TO '${path}' (FORMAT parquet)`);
  connection.closeSync();
  database.closeSync();
  return { path, rows, features: FEATURES, featureSources: SOURCES };
}
