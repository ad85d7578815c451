import { createHash } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { DuckDBInstance } from '@duckdb/node-api';
import { derivedUuid } from '@plumbline/uuid';

const MINUTE_US = 60_000_000n;
const HOUR_US = 60n * MINUTE_US;

/**
 * Flights as columns, one entry per flight. US DOT, from the npm package vega-datasets. Instants are the origin's local
 * time read as if it were UTC: every windowed key contains the origin, so its clock agrees with itself.
 */
export interface Flights {
  readonly count: number;
  /** 0-based row number in the file: row key, sampling key and sticky key. */
  readonly id: Int32Array;
  /** Actual departure. */
  readonly departureUs: BigInt64Array;
  /** Arrival delay in minutes. */
  readonly delayMin: Int32Array;
  readonly distanceMiles: Int32Array;
  readonly origin: readonly string[];
  readonly destination: readonly string[];
}

export const FLIGHTS_FILE = fileURLToPath(
  new URL('../../../../node_modules/vega-datasets/data/flights-3m.parquet', import.meta.url),
);

/** Flights that departed in [fromUs, toUs), by row number. Read in pieces, so that calls under way go on meanwhile. */
export async function readFlights(fromUs: bigint, toUs: bigint): Promise<Flights> {
  const instance = await DuckDBInstance.create(':memory:', { threads: '2', memory_limit: '512MB' });
  const connection = await instance.connect();
  try {
    const result = await connection.stream(
      `SELECT file_row_number::INTEGER AS id, epoch_us(date) AS departure_us, delay::INTEGER AS delay,
              distance::INTEGER AS distance, origin, destination
         FROM read_parquet('${FLIGHTS_FILE.replaceAll("'", "''")}', file_row_number = true)
        WHERE epoch_us(date) >= ${fromUs} AND epoch_us(date) < ${toUs} ORDER BY id`,
    );
    const columns: unknown[][] = [[], [], [], [], [], []];
    for (let chunk = await result.fetchChunk(); chunk?.rowCount; chunk = await result.fetchChunk()) {
      chunk.getColumns().forEach((values, column) => columns[column]?.push(...values));
    }
    const [id = [], departure = [], delay = [], distance = [], origin = [], destination = []] = columns;
    return {
      count: id.length,
      id: Int32Array.from(id as number[]),
      departureUs: BigInt64Array.from(departure as bigint[]),
      delayMin: Int32Array.from(delay as number[]),
      distanceMiles: Int32Array.from(distance as number[]),
      origin: origin as string[],
      destination: destination as string[],
    };
  } finally {
    connection.closeSync();
    instance.closeSync();
  }
}

/**
 * When a flight's outcome is known: departure + 60 min + distance / 350 mph. An estimate: the data has no arrival
 * instant.
 */
export function knownAtUs(flights: Flights, index: number): bigint {
  const distance = BigInt(flights.distanceMiles[index] ?? 0);
  return (flights.departureUs[index] ?? 0n) + HOUR_US + (distance * HOUR_US * 2n + 350n) / 700n;
}

/** Whether a flight belongs to a fixed hash sample of `share`; the same flights every time. */
export function isSampled(id: number, share: number): boolean {
  return createHash('sha256').update(`sample\0${id}`).digest().readUInt32BE(0) < share * 2 ** 32;
}

/** The flight's prediction id in a tenant: a UUID (version 8) that follows from both, so that a retry is the same id. */
export function predictionIdOf(tenant: string, id: number): string {
  return derivedUuid(`prediction\0${tenant}\0${id}`);
}

/** Instant of a local date and time in 2001, e.g. day(3, 21) = 21 March 00:00. */
export function day(month: number, dayOfMonth: number, hour = 0): bigint {
  return BigInt(Date.UTC(2001, month - 1, dayOfMonth, hour)) * 1_000n;
}
