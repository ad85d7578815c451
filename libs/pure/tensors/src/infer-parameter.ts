import { I64, LEN, VARINT, WireReader } from './wire-reader.ts';
import { TensorError } from './tensor-error.ts';

/** A parameter's value; int64 and uint64 are bigint so that doubles stay apart from them. */
export type ParameterValue = boolean | bigint | string | number;

/** Reads `map<string, InferParameter>` entries as the parsers return them; the last entry of a key wins. */
export function readParameters(entries: readonly Uint8Array[]): ReadonlyMap<string, ParameterValue> {
  const parameters = new Map<string, ParameterValue>();
  for (const entry of entries) {
    const reader = new WireReader(entry);
    let key = '';
    let value: ParameterValue | undefined;
    for (let field = reader.next(); field !== 0; field = reader.next()) {
      if (field === 1) key = reader.text();
      else if (field === 2) value = readValue(reader.message()) ?? value;
      else reader.skip();
    }
    if (value === undefined) throw new TensorError(`parameters[${key}]`, 'the parameter has no value');
    parameters.set(key, value);
  }
  return parameters;
}

function readValue(reader: WireReader): ParameterValue | undefined {
  let value: ParameterValue | undefined;
  for (let field = reader.next(); field !== 0; field = reader.next()) {
    if (field === 1) {
      reader.expect(VARINT);
      value = reader.varint() !== 0;
    } else if (field === 2 || field === 5) {
      reader.expect(VARINT);
      const bits = reader.varint64();
      value = field === 2 ? BigInt.asIntN(64, bits) : bits;
    } else if (field === 3) {
      reader.expect(LEN);
      value = reader.text();
    } else if (field === 4) {
      reader.expect(I64);
      const bytes = reader.fixed(8);
      value = new DataView(bytes.buffer, bytes.byteOffset, 8).getFloat64(0, true);
    } else reader.skip();
  }
  return value;
}
