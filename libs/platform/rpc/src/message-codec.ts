import {
  create,
  fromBinary,
  toBinary,
  type DescMessage,
  type MessageInitShape,
  type MessageShape,
} from '@bufbuild/protobuf';
import { asBuffer } from './context/metadata.ts';
import { rpcErrors } from './errors.ts';

/** protobuf-es's encoding as the Buffer that grpc-js insists on, without copying. */
export function encodeMessage<D extends DescMessage>(schema: D, message: MessageInitShape<D>): Buffer {
  return asBuffer(toBinary(schema, create(schema, message)));
}

/** @throws ServiceError INVALID_ARGUMENT / MALFORMED_MESSAGE */
export function decodeMessage<D extends DescMessage>(schema: D, bytes: Buffer): MessageShape<D> {
  try {
    return fromBinary(schema, bytes, { readUnknownFields: false });
  } catch (cause) {
    throw rpcErrors.MALFORMED_MESSAGE(`the bytes are no ${schema.typeName}`, { cause });
  }
}
