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
   * Applies events, in their order, by queries of `tx`, which also notes that they were handled. It may run again
   * after a failure, so all effects must be in `tx`. What fails together is applied again one by one; a ServiceError
   * then decides what becomes of the event, see judgeFailure. `singly` makes one of a handler of single events.
   */
  readonly handle: (tx: Transaction, events: readonly ReceivedEvent<S>[]) => Promise<void>;
}

export interface ReceivedEvent<S extends DescMessage> {
  readonly message: MessageShape<S>;
  readonly envelope: Envelope;
}

/** A handler of events that treats each on its own. */
export function singly<S extends DescMessage>(
  handle: (tx: Transaction, message: MessageShape<S>, envelope: Envelope) => Promise<void> | void,
): Subscription<S>['handle'] {
  return async (tx, events) => {
    for (const { message, envelope } of events) await handle(tx, message, envelope);
  };
}

/** Applies events in order in one transaction, each exactly once: those in the inbox are skipped. */
export async function applyEvents<S extends DescMessage>(
  { database, durable, schema, handle }: Subscription<S>,
  envelopes: readonly Envelope[],
): Promise<void> {
  const received = envelopes.map((envelope) => ({ envelope, message: decodePayload(schema, envelope) }));
  await database.transaction(async (tx) => {
    const fresh = await noteHandled(tx, durable, envelopes);
    const events = received.filter(({ envelope }) => fresh.delete(envelope.id));
    if (events.length > 0) await handle(tx, events);
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
