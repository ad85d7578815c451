import type { DescMessage } from '@bufbuild/protobuf';
import { FieldReader } from './field-reader.ts';
import { scanPlan, type FieldPlan, type ScanPlan } from './scan-plan.ts';
import { WireError, malformed } from './wire-error.ts';
import { Wire } from './wire-type.ts';

/** Packed numbers decode this many times faster than fields of their own, and count that much less. */
export const PACKED_PER_ELEMENT = 16;

/** Nesting that protobuf implementations agree to accept. */
const MAX_DEPTH = 100;

interface Budget {
  readonly limit: number;
  used: number;
}

/**
 * Walks a serialised message without decoding it and answers how many elements a decoder would have to make of it:
 * 1 per field occurrence at any depth, known or not, and 1 per 16 packed numbers begun. Costs a few nanoseconds per
 * field and allocates per embedded message only, where decoding costs a microsecond or more: refuse before you decode.
 *
 * @throws WireError TOO_MANY_ELEMENTS as soon as the count passes `limit`; TOO_DEEP beyond 100 levels; MALFORMED for
 * bytes that are no message, and for known fields with a wire type that their declaration excludes. (The
 * specification would have those skipped as unknown, but protobuf-es 2.17 reads them by their declared type: a scan
 * that believed the wire would see a different message than the decoder.)
 */
export function countElements(schema: DescMessage, bytes: Uint8Array, limit: number): number {
  const budget: Budget = { limit, used: 0 };
  countMessage(new FieldReader(bytes), scanPlan(schema), budget, 1, 0);
  return budget.used;
}

/** Counts up to the end of the reader or, within group `group`, up to its end tag. */
function countMessage(
  reader: FieldReader,
  plan: ScanPlan,
  budget: Budget,
  depth: number,
  group: number,
): void {
  if (depth > MAX_DEPTH) throw new WireError('TOO_DEEP', `messages are nested deeper than ${MAX_DEPTH}`);
  while (reader.next()) {
    if (group !== 0 && reader.wireType === Wire.END_GROUP && reader.field === group) return;
    charge(budget, 1);
    const field = plan.fields.get(reader.field);
    if (field === undefined) countUnknown(reader, budget, depth);
    else countKnown(reader, field, plan, budget, depth);
  }
  if (group !== 0) throw malformed('a group is cut off');
}

function countKnown(
  reader: FieldReader,
  field: FieldPlan,
  plan: ScanPlan,
  budget: Budget,
  depth: number,
): void {
  if (field.packedSize !== undefined && reader.wireType === Wire.LENGTH) {
    charge(budget, Math.ceil(packedCount(reader.bytes(), field.packedSize) / PACKED_PER_ELEMENT));
  } else if (reader.wireType !== field.wireType) {
    throw malformed(`${plan.typeName}: field ${reader.field} has wire type ${reader.wireType}`);
  } else if (field.message === undefined) {
    reader.skip();
  } else if (field.wireType === Wire.START_GROUP) {
    countMessage(reader, field.message(), budget, depth + 1, reader.field);
  } else {
    countMessage(reader.message(), field.message(), budget, depth + 1, 0);
  }
}

const UNKNOWN: ScanPlan = { typeName: 'unknown', fields: new Map() };

/** Unknown length-delimited fields are skipped whole by every decoder; unknown groups are walked field by field. */
function countUnknown(reader: FieldReader, budget: Budget, depth: number): void {
  if (reader.wireType === Wire.START_GROUP) countMessage(reader, UNKNOWN, budget, depth + 1, reader.field);
  else reader.skip();
}

function charge(budget: Budget, elements: number): void {
  budget.used += elements;
  if (budget.used > budget.limit) {
    throw new WireError('TOO_MANY_ELEMENTS', `more than ${budget.limit} elements`);
  }
}

function packedCount(bytes: Uint8Array, size: 0 | 4 | 8): number {
  if (size === 0) return varintCount(bytes);
  if (bytes.length % size !== 0) throw malformed('a packed run does not hold whole numbers');
  return bytes.length / size;
}

function varintCount(bytes: Uint8Array): number {
  let count = 0;
  for (const byte of bytes) if (byte < 0x80) count++;
  if (bytes.length > 0 && (bytes[bytes.length - 1] ?? 0) >= 0x80) throw malformed('a packed run is cut off');
  return count;
}
