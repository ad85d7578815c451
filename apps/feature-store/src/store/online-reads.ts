import type { StoredTile } from '@plumbline/features';
import type { Database } from '@plumbline/sql';
import type { OnlineEntity, OnlineRef, OnlineStore } from '../domain/online-features.ts';
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

interface Waiting {
  readonly refs: readonly OnlineRef[];
  readonly resolve: (entities: (OnlineEntity | undefined)[]) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Reads entities for all calls that wait at the same time with one query. While queries are in flight further calls
 * gather, so the number of round trips falls as load grows.
 */
export class OnlineReads implements OnlineStore {
  readonly #database: Database;
  readonly #timeoutMs: number;
  #waiting: Waiting[] = [];
  #inFlight = 0;
  #isScheduled = false;

  constructor(database: Database, timeoutMs: number) {
    this.#database = database;
    this.#timeoutMs = timeoutMs;
  }

  read(refs: readonly OnlineRef[]): Promise<(OnlineEntity | undefined)[]> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ refs, resolve, reject });
      this.#schedule();
    });
  }

  /** Calls of the same turn of the event loop go together. */
  #schedule(): void {
    if (this.#isScheduled || this.#inFlight >= MAX_QUERIES_IN_FLIGHT || this.#waiting.length === 0) return;
    this.#isScheduled = true;
    setImmediate(() => {
      this.#isScheduled = false;
      void this.#flush(this.#takeBatch());
    });
  }

  #takeBatch(): Waiting[] {
    let refs = 0;
    const end = this.#waiting.findIndex((waiting) => (refs += waiting.refs.length) > MAX_REFS_PER_QUERY);
    return this.#waiting.splice(0, end < 0 ? this.#waiting.length : Math.max(1, end));
  }

  async #flush(batch: readonly Waiting[]): Promise<void> {
    this.#inFlight++;
    this.#schedule();
    try {
      const entities = await this.#query(batch.flatMap(({ refs }) => refs));
      let first = 0;
      for (const { refs, resolve } of batch) resolve(entities.slice(first, (first += refs.length)));
    } catch (error) {
      for (const { reject } of batch) reject(error);
    } finally {
      this.#inFlight--;
      this.#schedule();
    }
  }

  async #query(refs: readonly OnlineRef[]): Promise<(OnlineEntity | undefined)[]> {
    const values = [
      refs.map((ref) => ref.tenant),
      refs.map((ref) => ref.viewId),
      refs.map((ref) => ref.key),
      refs.map((ref) => ref.firstTile),
      refs.map((ref) => ref.lastTile),
    ];
    const rows = await this.#database.query<ReadRow>(READ_ENTITIES, values, {
      name: 'read-entities',
      timeoutMs: this.#timeoutMs,
    });
    return rows.map(entityOf);
  }
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
