import { FieldReader, Wire } from '@plumbline/wire';
import { expectWire, readWire, TensorError } from './tensor-error.ts';

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
