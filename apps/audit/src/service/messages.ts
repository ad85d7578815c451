import { create, toBinary, type DescMessage, type MessageInitShape } from '@bufbuild/protobuf';
import type { RecordSchema } from '@plumbline/contract-audit';
import { asBuffer } from '@plumbline/rpc';
import { formatUuid, parseUuid } from '@plumbline/uuid';
import { errors } from '../domain/errors.ts';
import { type StoredRecord } from '../domain/record.ts';
import { kindMessage } from '../codec/commitment.ts';

export function recordMessage(record: StoredRecord): MessageInitShape<typeof RecordSchema> {
  const { commitment, payload, committedAtUs, leafIndex } = record;
  return {
    eventId: formatUuid(commitment.eventId),
    kind: kindMessage(commitment.kind),
    commitment: commitment.bytes,
    payload,
    committedAtUs,
    leafIndex,
  };
}

/** The bytes of an id in text form. Throws INVALID_QUERY. */
export function eventIdOf(text: string): Buffer {
  const id = parseUuid(text);
  if (!id) {
    throw errors.INVALID_QUERY('event_id is no UUID', {
      fieldViolations: [{ field: 'event_id', description: 'is not the text form of a UUID' }],
    });
  }
  return id;
}

export function encode<S extends DescMessage>(schema: S, message: MessageInitShape<S>): Buffer {
  return asBuffer(toBinary(schema, create(schema, message)));
}
