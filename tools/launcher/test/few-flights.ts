import fc from 'fast-check';
import type { Flights } from '../src/journey/flights.ts';

export const MINUTE_US = 60_000_000n;

/** Up to 60 flights within three days. */
export const fewFlights: fc.Arbitrary<Flights> = fc
  .array(fc.record({ minute: fc.nat(4_000), distance: fc.integer({ min: 31, max: 4_962 }) }), {
    maxLength: 60,
  })
  .map((rows) => ({
    count: rows.length,
    id: Int32Array.from(rows.keys()),
    departureUs: BigInt64Array.from(rows, ({ minute }) => BigInt(minute) * MINUTE_US),
    delayMin: new Int32Array(rows.length),
    distanceMiles: Int32Array.from(rows, ({ distance }) => distance),
    origin: rows.map(() => 'ATL'),
    destination: rows.map(() => 'BOS'),
  }));
