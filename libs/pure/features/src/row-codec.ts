import type { Value, ValueType } from '@plumbline/expressions';
import { ByteReader, ByteWriter } from './bytes.ts';

/**
 * The stored form of a row's raw columns: per column one byte (0 NULL, 1 present) and the value by its declared type.
 * Equal rows have equal bytes. Columns added to a source later read as NULL from rows stored before.
 */
export function encodeRow(
  types: readonly ValueType[],
  values: readonly Value[],
  writer: ByteWriter = new ByteWriter(),
): Buffer {
  types.forEach((type, index) => writeValue(writer, type, values[index]!));
  return writer.take();
}

export function decodeRow(types: readonly ValueType[], body: Uint8Array): Value[] {
  const reader = new ByteReader(body);
  return types.map((type) => (reader.done ? null : readValue(reader, type)));
}

export function writeValue(writer: ByteWriter, type: ValueType, value: Value): void {
  writer.byte(value === null ? 0 : 1);
  if (value === null) return;
  switch (type) {
    case 'INT64':
    case 'TIMESTAMP':
      return writer.signed(value as number);
    case 'DOUBLE':
      return writer.double(value as number);
    case 'STRING':
      return writer.text(value as string);
    case 'BOOL':
      return writer.byte(value === true ? 1 : 0);
  }
}

export function readValue(reader: ByteReader, type: ValueType): Value {
  if (reader.byte() === 0) return null;
  switch (type) {
    case 'INT64':
    case 'TIMESTAMP':
      return reader.signed();
    case 'DOUBLE':
      return reader.double();
    case 'STRING':
      return reader.text();
    case 'BOOL':
      return reader.byte() === 1;
  }
}
