import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import { FLIGHTS_FILE } from './flights.ts';

/** How a row is spoilt, as SQL over a good flight; each must land in quarantine. */
const FAULTS = [
  { what: 'no origin', sql: `SELECT flight_id, date, delay, distance, NULL AS origin, destination` },
  {
    what: 'no departure',
    sql: `SELECT flight_id, NULL::TIMESTAMP AS date, delay, distance, origin, destination`,
  },
  {
    what: 'a negative distance',
    sql: `SELECT flight_id, date, delay, -distance AS distance, origin, destination`,
  },
  { what: 'a delay of weeks', sql: `SELECT flight_id, date, 30000 AS delay, distance, origin, destination` },
  {
    what: 'an airport that is none',
    sql: `SELECT flight_id, date, delay, distance, 'nowhere' AS origin, destination`,
  },
];

const ROWS_PER_FAULT = 4;
export const CORRUPTED_ROWS = FAULTS.length * ROWS_PER_FAULT;
/** Sound rows in the same file, delivered a second time: they must be recognised. */
export const REDELIVERED_ROWS = 10;

/** Writes a Parquet file of flights of 28 February, spoilt in every declared way, with a few sound ones, loaded before, among them. */
export async function writeCorruptedFlights(path: string): Promise<void> {
  mkdirSync(dirname(path), { recursive: true });
  const instance = await DuckDBInstance.create(':memory:', { threads: '1', memory_limit: '256MB' });
  const connection = await instance.connect();
  try {
    const spoilt = FAULTS.map(
      ({ sql }, index) => `(${sql} FROM flights LIMIT ${ROWS_PER_FAULT} OFFSET ${(index + 1) * 10})`,
    );
    await connection.run(
      `CREATE TABLE flights AS SELECT file_row_number AS flight_id, date, delay::INTEGER AS delay, distance::INTEGER AS distance, origin, destination
         FROM read_parquet('${FLIGHTS_FILE.replaceAll("'", "''")}', file_row_number = true) WHERE date >= '2001-02-28' AND date < '2001-02-28 08:00'
        ORDER BY ALL LIMIT 100`,
    );
    await connection.run(
      `COPY (${spoilt.join(' UNION ALL ')} UNION ALL
             (SELECT flight_id, date, delay, distance, origin, destination FROM flights LIMIT ${REDELIVERED_ROWS}))
         TO '${path.replaceAll("'", "''")}' (FORMAT parquet)`,
    );
  } finally {
    connection.closeSync();
    instance.closeSync();
  }
}
