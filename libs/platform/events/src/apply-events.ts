import { fromBinary, type DescMessage, type MessageShape } from '@bufbuild/protobuf';
import type { Database, Transaction } from '@plumbline/sql';
import { errors } from './errors.ts';
import type { Envelope } from './event.ts';
import { noteHandled } from './inbox.ts';

/** What a consumer does with its events. */
export interface Subscription<S extends DescMessage> {
  readonly database: Database;
  /** Letters, digits, `-` and `_`: the consumer's name on the stream, in the inbox and among the dead letters. */
  readonly durable: string;
  /** The payload's message. An event of another type becomes a dead letter. */
  readonly schema: S;
  /**
   * Applies one event by queries of `tx`, which also notes that it was handled. It may run again after a failure,
   * so all of its effects must be in `tx`. A ServiceError decides what becomes of the event, see judgeFailure.
   */
  readonly handle: (tx: Transaction, message: MessageShape<S>, envelope: Envelope) => Promise<void>;
}

/** Applies events in order in one transaction, each exactly once: those in the inbox are skipped. */
export async function applyEvents<S extends DescMessage>(
  { database, durable, schema, handle }: Subscription<S>,
  envelopes: readonly Envelope[],
): Promise<void> {
  const messages = envelopes.map((envelope) => ({ envelope, message: decodePayload(schema, envelope) }));
  await database.transaction(async (tx) => {
    const fresh = await noteHandled(tx, durable, envelopes);
    for (const { envelope, message } of messages) {
      if (fresh.delete(envelope.id)) await handle(tx, message, envelope);
    }
  });
}

function decodePayload<S extends DescMessage>(schema: S, { id, type, payload }: Envelope): MessageShape<S> {
  if (type !== schema.typeName) {
    throw errors.EVENT_TYPE_UNEXPECTED(`event ${id} is a ${type}, not a ${schema.typeName}`, {
      metadata: { eventId: id, eventType: type },
    });
  }
  try {
    return fromBinary(schema, payload);
  } catch (cause) {
    throw errors.EVENT_MALFORMED(`the payload of event ${id} is not a ${type}`, { cause });
  }
}
