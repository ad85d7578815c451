import { create, type MessageInitShape } from '@bufbuild/protobuf';
import type { RowSchema } from '@plumbline/contract-features';
import { ValueSchema, type Value } from '@plumbline/contract-common';
import type { Flights } from './flights.ts';

/** Columns of the source `outcomes`, in the order of the rows below. */
export const OUTCOME_COLUMNS = ['flight_id', 'date', 'delay', 'distance', 'origin', 'destination'];

/** The raw row of a flight's outcome. `delay` is what the source reports. */
export function outcomeRow(
  flights: Flights,
  index: number,
  delay = flights.delayMin[index] ?? 0,
): MessageInitShape<typeof RowSchema> {
  return {
    values: [
      int(flights.id[index] ?? 0),
      instant(flights.departureUs[index] ?? 0n),
      int(delay),
      int(flights.distanceMiles[index] ?? 0),
      text(flights.origin[index] ?? ''),
      text(flights.destination[index] ?? ''),
    ],
  };
}

/** Join keys of a flight's entities. */
export function entityKeys(flights: Flights, index: number): Record<string, Value> {
  return { origin: text(flights.origin[index] ?? ''), destination: text(flights.destination[index] ?? '') };
}

/** Values for request-time features. */
export function requestValues(flights: Flights, index: number): Record<string, Value> {
  return {
    departure_us: instant(flights.departureUs[index] ?? 0n),
    distance_miles: int(flights.distanceMiles[index] ?? 0),
  };
}

const int = (value: number): Value =>
  create(ValueSchema, { kind: { case: 'int64Value', value: BigInt(value) } });
const text = (value: string): Value => create(ValueSchema, { kind: { case: 'stringValue', value } });
const instant = (value: bigint): Value => create(ValueSchema, { kind: { case: 'timestampUs', value } });
