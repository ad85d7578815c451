import type { StoredTile } from '@plumbline/features';
import { within, type Database } from '@plumbline/sql';
import { Allowance, type AllowanceLimits } from '../domain/allowance.ts';
import { errors } from '../domain/errors.ts';
import type { OnlineEntity, OnlineRef, OnlineStore } from '../domain/online-features.ts';
import { WaitingLine, type Caller, type Waiting } from '../domain/waiting-line.ts';
import { fromInt8 } from './numbers.ts';

interface ReadRow {
  sequence: bigint | null;
  first_seen_us: bigint;
  newest_event_us: bigint | null;
  retained_from_us: bigint | null;
  latest: Buffer;
  tiles: Buffer | null;
}

/** One row per key in the order asked; its tiles packed as (start int8, length int4, body), ascending. */
const READ_ENTITIES = `
SELECT e.sequence, e.first_seen_us, e.newest_event_us, e.retained_from_us, e.latest, t.tiles
FROM unnest($1::text[], $2::int[], $3::text[], $4::bigint[], $5::bigint[])
  WITH ORDINALITY AS k (tenant, view_id, entity_key, first_us, last_us, position)
LEFT JOIN LATERAL (
  SELECT * FROM online_entity WHERE tenant = k.tenant AND view_id = k.view_id AND entity_key = k.entity_key LIMIT 1
) e ON true
LEFT JOIN LATERAL (
  SELECT string_agg(int8send(o.start_us) || int4send(length(o.body)) || o.body, ''::bytea ORDER BY o.start_us) AS tiles
  FROM online_tile o
  WHERE o.tenant = k.tenant AND o.view_id = k.view_id AND o.entity_key = k.entity_key
    AND o.start_us BETWEEN k.first_us AND k.last_us
) t ON true
ORDER BY k.position`;

const MAX_REFS_PER_QUERY = 4_000;
const MAX_QUERIES_IN_FLIGHT = 2;
const RETRY_AFTER_MS = 100;

/**
 * What is held until it is answered, waiting or being read. 64,000 entities are sixteen full queries, a second or two of
 * the database's time: whoever came behind them would wait longer than a prediction can.
 */
const HELD_READS: AllowanceLimits<'entities'> = {
  total: { entities: 16 * MAX_REFS_PER_QUERY },
  perTenant: { entities: 8 * MAX_REFS_PER_QUERY },
};

type Entities = (OnlineEntity | undefined)[];

interface Read {
  readonly tenant: string;
  readonly refs: readonly OnlineRef[];
}

/**
 * Reads entities for all calls that wait at the same time with one query. While queries are in flight further calls
 * gather, so the number of round trips falls as load grows.
 */
export class OnlineReads implements OnlineStore {
  readonly #database: Database;
  readonly #timeoutMs: number;
  readonly #allowance: Allowance<'entities'>;
  readonly #waiting = new WaitingLine<Read, Entities>();
  #inFlight = 0;
  #isScheduled = false;

  /** No query takes longer than `timeoutMs`, whatever time its callers have. */
  constructor(database: Database, timeoutMs: number, limits = HELD_READS) {
    this.#database = database;
    this.#timeoutMs = timeoutMs;
    this.#allowance = new Allowance(limits);
  }

  async read(tenant: string, refs: readonly OnlineRef[], caller: Caller): Promise<Entities> {
    const release = this.#allowance.admit(tenant, { entities: refs.length });
    if (release === undefined) {
      throw errors.READS_OVERLOADED('too many entities wait to be read', { retryAfterMs: RETRY_AFTER_MS });
    }
    try {
      const entities = this.#waiting.join({ tenant, refs }, caller);
      this.#schedule();
      return await entities;
    } finally {
      release();
    }
  }

  /** Calls of the same turn of the event loop go together. */
  #schedule(): void {
    if (this.#isScheduled || this.#inFlight >= MAX_QUERIES_IN_FLIGHT || this.#waiting.size === 0) return;
    this.#isScheduled = true;
    setImmediate(() => {
      this.#isScheduled = false;
      const batch = this.#waiting.take(queryRule());
      if (batch.length > 0) void this.#flush(batch);
    });
  }

  async #flush(batch: readonly Waiting<Read, Entities>[]): Promise<void> {
    this.#inFlight++;
    this.#schedule();
    try {
      const entities = await this.#query(
        batch.map(({ item }) => item),
        Math.min(this.#timeoutMs, longestWait(batch)),
      );
      let first = 0;
      for (const { item, resolve } of batch) {
        resolve(entities.slice(first, (first += item.refs.length)));
      }
    } catch (error) {
      for (const { reject } of batch) reject(error);
    } finally {
      this.#inFlight--;
      this.#schedule();
    }
  }

  async #query(reads: readonly Read[], timeoutMs: number): Promise<Entities> {
    const refs = reads.flatMap((read) => read.refs);
    const values = [
      reads.flatMap((read) => read.refs.map(() => read.tenant)),
      refs.map((ref) => ref.viewId),
      refs.map((ref) => ref.key),
      refs.map((ref) => ref.firstTile),
      refs.map((ref) => ref.lastTile),
    ];
    const rows = await this.#database.query<ReadRow>(READ_ENTITIES, values, {
      name: 'read-entities',
      timeoutMs,
    });
    return rows.map(entityOf);
  }
}

/** Says of one call after another whether it still fits into the query of those before it. */
function queryRule(): (read: Read) => boolean {
  let entities = 0;
  return ({ refs }) => (entities += refs.length) <= MAX_REFS_PER_QUERY;
}

/** The time of the most patient caller, so that none is cut short by another's haste. */
function longestWait(batch: readonly Waiting<Read, Entities>[]): number {
  return Math.max(...batch.map(({ caller }) => within(caller).timeoutMs));
}

function entityOf(row: ReadRow): OnlineEntity | undefined {
  if (row.sequence === null || row.sequence === 0n) return undefined;
  return {
    state: {
      sequence: Number(row.sequence),
      firstSeen: Number(row.first_seen_us),
      newestEvent: fromInt8(row.newest_event_us, -Infinity),
      retainedFrom: fromInt8(row.retained_from_us, -Infinity),
      latest: row.latest,
    },
    tiles: row.tiles === null ? [] : unpackTiles(row.tiles),
  };
}

function unpackTiles(packed: Buffer): StoredTile[] {
  const tiles: StoredTile[] = [];
  for (let offset = 0; offset < packed.length;) {
    const start = Number(packed.readBigInt64BE(offset));
    const end = offset + 12 + packed.readInt32BE(offset + 8);
    tiles.push({ start, body: packed.subarray(offset + 12, end) });
    offset = end;
  }
  return tiles;
}
