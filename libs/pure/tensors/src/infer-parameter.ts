import { FieldReader, Wire } from '@plumbline/wire';
import { expectWire, readWire, TensorError } from './tensor-error.ts';
import { fieldSize, WireWriter } from './wire-writer.ts';

/** A parameter's value; int64 and uint64 are bigint so that doubles stay apart from them. */
export type ParameterValue = boolean | bigint | string | number;

/** Reads `map<string, InferParameter>` entries as the parsers return them; the last entry of a key wins. */
export function readParameters(entries: readonly Uint8Array[]): ReadonlyMap<string, ParameterValue> {
  return readWire(() => {
    const parameters = new Map<string, ParameterValue>();
    for (const entry of entries) {
      const { key, value } = readEntry(new FieldReader(entry));
      if (value === undefined) throw new TensorError(`parameters[${key}]`, 'the parameter has no value');
      parameters.set(key, value);
    }
    return parameters;
  });
}

/** The map entries that readParameters reads; a bigint becomes int64 where it fits, else uint64. */
export function encodeParameters(parameters: ReadonlyMap<string, ParameterValue>): Buffer[] {
  return [...parameters].map(([key, value]) => {
    const encoded = encodeValue(value);
    const keySize = Buffer.byteLength(key);
    const writer = new WireWriter(fieldSize(keySize) + fieldSize(encoded.length));
    writer.text(1, key, keySize);
    writer.bytes(2, encoded);
    return writer.buffer;
  });
}

/** An InferParameter message. */
function encodeValue(value: ParameterValue): Buffer {
  if (typeof value === 'boolean') return Buffer.from([1 << 3, value ? 1 : 0]);
  if (typeof value === 'bigint') return encodeInteger(value);
  if (typeof value === 'number') {
    const bytes = Buffer.alloc(9, (4 << 3) | Wire.BIT64);
    bytes.writeDoubleLE(value, 1);
    return bytes;
  }
  const size = Buffer.byteLength(value);
  const writer = new WireWriter(fieldSize(size));
  writer.text(3, value, size);
  return writer.buffer;
}

function encodeInteger(value: bigint): Buffer {
  const bytes = [value === BigInt.asIntN(64, value) ? 2 << 3 : 5 << 3];
  let rest = BigInt.asUintN(64, value);
  for (; rest >= 0x80n; rest >>= 7n) bytes.push(Number(rest & 0x7fn) | 0x80);
  bytes.push(Number(rest));
  return Buffer.from(bytes);
}

function readEntry(reader: FieldReader): { key: string; value: ParameterValue | undefined } {
  let key = '';
  let value: ParameterValue | undefined;
  while (reader.next()) {
    if (reader.field === 1) key = reader.string();
    else if (reader.field === 2) value = readValue(reader.message()) ?? value;
    else reader.skip();
  }
  return { key, value };
}

function readValue(reader: FieldReader): ParameterValue | undefined {
  let value: ParameterValue | undefined;
  while (reader.next()) {
    const read = VALUES[reader.field];
    if (read === undefined) reader.skip();
    else value = read(reader);
  }
  return value;
}

/** By field number of InferParameter. */
const VALUES: Readonly<Record<number, (reader: FieldReader) => ParameterValue>> = {
  1: (reader) => expectWire(reader, Wire.VARINT).bool(),
  2: (reader) => BigInt.asIntN(64, expectWire(reader, Wire.VARINT).uint64()),
  3: (reader) => reader.string(),
  4: (reader) => expectWire(reader, Wire.BIT64).double(),
  5: (reader) => expectWire(reader, Wire.VARINT).uint64(),
};
