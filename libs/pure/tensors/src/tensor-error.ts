import { WireError, type FieldReader } from '@plumbline/wire';

/**
 * Bytes or values that are no tensor of the declared kind. Services turn it into an INVALID_ARGUMENT of their own
 * catalogue; `field` names the place as the caller wrote it, e.g. `inputs[2].shape`.
 */
export class TensorError extends Error {
  readonly field: string;

  constructor(field: string, message: string) {
    super(message);
    this.name = 'TensorError';
    this.field = field;
  }
}

/** Runs a parser; malformed protobuf leaves as TensorError, like everything else that is wrong with the bytes. */
export function readWire<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw error instanceof WireError ? new TensorError('', error.message) : error;
  }
}

/** Refuses a field that came in another wire type than its declaration has. */
export function expectWire(reader: FieldReader, wireType: number): FieldReader {
  if (reader.wireType === wireType) return reader;
  throw new WireError('MALFORMED', `field ${reader.field} has wire type ${reader.wireType}`);
}
