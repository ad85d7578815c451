import { create, type MessageInitShape } from '@bufbuild/protobuf';
import { ValueSchema, type Value } from '@plumbline/contract-common';
import type { EntityRowSchema, RowSchema } from '@plumbline/contract-features';

export const int = (value: number): Value =>
  create(ValueSchema, { kind: { case: 'int64Value', value: BigInt(value) } });
export const real = (value: number): Value => create(ValueSchema, { kind: { case: 'doubleValue', value } });
export const text = (value: string): Value => create(ValueSchema, { kind: { case: 'stringValue', value } });
export const instant = (us: bigint): Value =>
  create(ValueSchema, { kind: { case: 'timestampUs', value: us } });
export const NULL: Value = create(ValueSchema);

/** Columns of the flights source, in the order of `flight`'s values. */
export const COLUMNS = ['flight_id', 'date', 'delay', 'distance', 'origin', 'destination'];
export const HOUR = 3_600_000_000n;
export const T0 = BigInt(Date.parse('2001-01-10T00:00:00Z')) * 1000n;

/** A flight of 350 miles, whose outcome is known two hours after it departs. */
export const flight = (
  id: number,
  date: bigint,
  delay: number,
  origin = 'ATL',
  destination = 'LAX',
): MessageInitShape<typeof RowSchema> => ({
  values: [int(id), instant(date), int(delay), int(350), text(origin), text(destination)],
});

/** A read for a flight that departs at the instant asked for. */
export const departure = (
  asOfUs: bigint,
  origin = 'ATL',
  destination = 'LAX',
): MessageInitShape<typeof EntityRowSchema> => ({
  keys: { origin: text(origin), destination: text(destination) },
  requestValues: { departure_us: instant(asOfUs), distance_miles: int(350) },
  asOfUs,
});
