import { randomUUID } from 'node:crypto';
import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire';
import { PredictionsRecordedSchema } from '@plumbline/contract-events';
import type { OutgoingEvent } from '@plumbline/events';
import { type RecordedFacts } from '../domain/plan-append.ts';
import { kindNumber } from './segment-row.ts';

const SUBJECT = 'plumbline.audit.predictions-recorded';
/** Leaves room for the envelope below the broker's limit of a message. */
const MAX_EVENT_BYTES = 512 * 1024;
const PREDICTIONS = 1;
const KIND = 1;
const FACTS = 2;
const COMMITTED_AT_US = 3;

/**
 * The events that tell of one tenant's records: one, or as many as their size demands. Facts are passed on as the
 * producer encoded them; decoding and encoding them again would cost more than the rest of an append.
 */
export function recordedEvents({ tenant, committedAtUs, records }: RecordedFacts): OutgoingEvent[] {
  const predictions = records.map(({ kind, facts }) =>
    new BinaryWriter()
      .tag(KIND, WireType.Varint)
      .int32(kindNumber(kind))
      .tag(FACTS, WireType.LengthDelimited)
      .bytes(facts)
      .tag(COMMITTED_AT_US, WireType.Varint)
      .int64(committedAtUs)
      .finish(),
  );
  return chunksOf(predictions).map((chunk) => ({
    id: randomUUID(),
    subject: SUBJECT,
    tenant,
    type: PredictionsRecordedSchema.typeName,
    payload: encodeList(chunk),
    occurredAtUs: committedAtUs,
  }));
}

function encodeList(predictions: readonly Uint8Array[]): Uint8Array {
  const writer = new BinaryWriter();
  for (const prediction of predictions) {
    writer.tag(PREDICTIONS, WireType.LengthDelimited).bytes(prediction);
  }
  return writer.finish();
}

function chunksOf(messages: readonly Uint8Array[]): Uint8Array[][] {
  const chunks: Uint8Array[][] = [];
  let room = 0;
  for (const message of messages) {
    room -= message.length;
    if (room < 0) {
      chunks.push([]);
      room = MAX_EVENT_BYTES - message.length;
    }
    chunks.at(-1)?.push(message);
  }
  return chunks;
}
