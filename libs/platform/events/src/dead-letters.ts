import { createHash } from 'node:crypto';
import type { DescMessage } from '@bufbuild/protobuf';
import type { Queryable } from '@plumbline/sql';
import type { Log } from '@plumbline/service';
import { applyEvents, type Subscription } from './apply-events.ts';
import type { Delivery } from './bus.ts';
import { decodeEnvelope, type Envelope } from './event.ts';
import { reasonOf } from './judge-failure.ts';

/** Characters that a letter keeps of a name, and of a message. */
const MAX_NAME = 255;
const MAX_MESSAGE = 4096;

/** An event that a consumer could not apply, kept with everything needed to understand and to replay it. */
export interface DeadLetter {
  readonly durable: string;
  readonly eventId: string;
  /** This and the other texts: U+FFFD stands for what Postgres cannot hold, and what is too long is cut. */
  readonly tenant: string;
  readonly subject: string;
  readonly type: string;
  /** UPPER_SNAKE, of the ServiceError; DELIVERIES_EXHAUSTED for other failures. */
  readonly reason: string;
  readonly message: string;
  readonly deliveries: number;
  readonly firstFailedAtUs: bigint;
  readonly lastFailedAtUs: bigint;
}

/**
 * Keeps the delivery as a dead letter. A letter of the same event is brought up to date. Its texts say what can be said
 * of any delivery, and its envelope keeps what came, so that nothing but an absent database can fail here.
 */
export async function bury(
  database: Queryable,
  durable: string,
  delivery: Pick<Delivery, 'bytes' | 'subject' | 'count'>,
  failure: { readonly reason: string; readonly message: string },
): Promise<void> {
  const { id, tenant, type } = identify(delivery.bytes);
  await database.query(
    `INSERT INTO dead_letter (durable, event_id, tenant, subject, type, envelope, reason, message, deliveries)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
     ON CONFLICT (durable, event_id) DO UPDATE SET reason = excluded.reason, message = excluded.message,
       deliveries = dead_letter.deliveries + excluded.deliveries, last_failed_at = clock_timestamp(), replayed_at = NULL`,
    [
      ...[
        durable,
        id,
        storable(tenant, MAX_NAME),
        storable(delivery.subject, MAX_NAME),
        storable(type, MAX_NAME),
      ],
      ...[
        Buffer.from(delivery.bytes),
        storable(failure.reason, MAX_NAME),
        storable(failure.message, MAX_MESSAGE),
      ],
      delivery.count,
    ],
  );
}

export interface DeadLetterQuery {
  /** Default: of all tenants. */
  readonly tenant?: string | undefined;
  /** Default: of all consumers. */
  readonly durables?: readonly string[] | undefined;
  /** Default 100. */
  readonly limit?: number;
}

/** Letters that wait for a decision, oldest first. */
export async function listDeadLetters(
  database: Queryable,
  { tenant, durables, limit = 100 }: DeadLetterQuery = {},
): Promise<DeadLetter[]> {
  return database.query<DeadLetter>(
    `SELECT durable, event_id AS "eventId", tenant, subject, type, reason, message, deliveries,
            first_failed_at AS "firstFailedAtUs", last_failed_at AS "lastFailedAtUs"
     FROM dead_letter
     WHERE replayed_at IS NULL AND ($1::text IS NULL OR tenant = $1) AND ($2::text[] IS NULL OR durable = ANY ($2))
     ORDER BY first_failed_at LIMIT $3`,
    [tenant ?? null, durables ?? null, limit],
  );
}

export interface ReplaySelection {
  /** Default: all that wait, up to 1000. */
  readonly eventIds?: readonly string[] | undefined;
  /** Default: of all tenants. */
  readonly tenant?: string | undefined;
}

export interface ReplayOptions<S extends DescMessage> extends Subscription<S>, ReplaySelection {
  readonly log: Log;
}

export interface Replayed {
  readonly replayed: number;
  readonly failed: number;
}

/**
 * Applies dead letters again, oldest first, each in a transaction of its own and through the inbox. Those that fail
 * again stay, with the new reason.
 */
export async function replayDeadLetters<S extends DescMessage>(options: ReplayOptions<S>): Promise<Replayed> {
  const { database, durable, log, eventIds, tenant } = options;
  const letters = await database.query<{ event_id: string; subject: string; envelope: Buffer }>(
    `SELECT event_id, subject, envelope FROM dead_letter
     WHERE durable = $1 AND replayed_at IS NULL AND ($2::uuid[] IS NULL OR event_id = ANY($2))
       AND ($3::text IS NULL OR tenant = $3)
     ORDER BY first_failed_at LIMIT 1000`,
    [durable, eventIds ?? null, tenant ?? null],
  );
  let replayed = 0;
  for (const { event_id: eventId, subject, envelope } of letters) {
    try {
      await replayOne(options, envelope);
      replayed++;
    } catch (error) {
      log.warn({ error, eventId, consumer: durable }, 'a dead letter failed again');
      const failure = { reason: reasonOf(error), message: String((error as Error).message) };
      await bury(database, durable, { bytes: envelope, subject, count: 1 }, failure);
    }
  }
  return { replayed, failed: letters.length - replayed };
}

async function replayOne<S extends DescMessage>(options: Subscription<S>, bytes: Buffer): Promise<void> {
  const envelope = decodeEnvelope(bytes);
  await applyEvents(options, [envelope]);
  await options.database.query(
    'UPDATE dead_letter SET replayed_at = clock_timestamp() WHERE durable = $1 AND event_id = $2',
    [options.durable, envelope.id],
  );
}

/** A text as Postgres takes it: U+FFFD for U+0000 and for half a character, and no longer than `limit` characters. */
function storable(text: string, limit: number): string {
  return text.slice(0, limit).replaceAll('\0', '\uFFFD').toWellFormed();
}

/** What is no envelope is known by its digest. */
function identify(bytes: Uint8Array): Pick<Envelope, 'id' | 'tenant' | 'type'> {
  try {
    return decodeEnvelope(bytes);
  } catch {
    const hex = createHash('sha256').update(bytes).digest('hex');
    return { id: hex.slice(0, 32), tenant: '', type: '' };
  }
}
