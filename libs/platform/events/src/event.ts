import { randomUUID } from 'node:crypto';
import { create, fromBinary, toBinary, type DescMessage, type MessageInitShape } from '@bufbuild/protobuf';
import { EnvelopeSchema } from '@plumbline/contract-events/plumbline/events/v1/envelope_pb.js';
import { isUuid } from '@plumbline/uuid';
import { errors } from './errors.ts';

/** An event on its way into the outbox. */
export interface OutgoingEvent {
  /** A UUID: what the stream and every consumer know the event by. */
  readonly id: string;
  /** e.g. `plumbline.registry.alias-moved` */
  readonly subject: string;
  readonly tenant: string;
  /** Full name of the payload's message. */
  readonly type: string;
  readonly payload: Uint8Array;
  readonly occurredAtUs: bigint;
  readonly traceparent?: string;
}

/** An event as it arrived. */
export interface Envelope {
  readonly id: string;
  readonly type: string;
  readonly tenant: string;
  readonly occurredAtUs: bigint;
  readonly payload: Uint8Array;
  readonly traceparent: string;
}

interface EventFacts {
  readonly subject: string;
  readonly tenant: string;
  readonly nowUs: bigint;
  readonly traceparent?: string;
  /** Default: a new UUID. */
  readonly id?: string;
}

/** Below NATS' default of 1 MiB a message, envelope and headers included. */
export const MAX_PAYLOAD_BYTES = 900 * 1024;

/** An event from its message. Throws EVENT_TOO_LARGE above 900 KiB. */
export function eventOf<S extends DescMessage>(
  schema: S,
  message: MessageInitShape<S>,
  { subject, tenant, nowUs, traceparent = '', id = randomUUID() }: EventFacts,
): OutgoingEvent {
  const payload = toBinary(schema, create(schema, message));
  if (payload.byteLength > MAX_PAYLOAD_BYTES) {
    throw errors.EVENT_TOO_LARGE(`an event on ${subject} has ${payload.byteLength} bytes`, {
      metadata: { subject, sizeBytes: String(payload.byteLength) },
    });
  }
  return { id, subject, tenant, type: schema.typeName, payload, occurredAtUs: nowUs, traceparent };
}

export function encodeEnvelope(event: OutgoingEvent): Uint8Array {
  const nanos = Number(((event.occurredAtUs % 1_000_000n) + 1_000_000n) % 1_000_000n) * 1_000;
  const seconds = (event.occurredAtUs - BigInt(nanos / 1_000)) / 1_000_000n;
  const { id, type, tenant, payload, traceparent = '' } = event;
  const envelope = create(EnvelopeSchema, {
    id,
    type,
    tenant,
    payload,
    traceparent,
    occurredAt: { seconds, nanos },
  });
  return toBinary(EnvelopeSchema, envelope);
}

/** Throws EVENT_MALFORMED for anything but an envelope with a UUID and an instant. */
export function decodeEnvelope(bytes: Uint8Array): Envelope {
  try {
    const { id, type, tenant, occurredAt, payload, traceparent } = fromBinary(EnvelopeSchema, bytes);
    if (!isUuid(id)) throw new RangeError('its id is not a UUID');
    if (!occurredAt) throw new RangeError('it has no instant');
    const occurredAtUs = occurredAt.seconds * 1_000_000n + BigInt(Math.trunc(occurredAt.nanos / 1_000));
    return { id: id.toLowerCase(), type, tenant, occurredAtUs, payload, traceparent };
  } catch (cause) {
    throw errors.EVENT_MALFORMED('a message on the stream is not an event', { cause });
  }
}
