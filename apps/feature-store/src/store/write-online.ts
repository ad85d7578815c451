import type { Queryable } from '@plumbline/sql';
import type { OnlineChanges } from '../domain/row-store.ts';
import { toInt8 } from './numbers.ts';

/** Statements carry at most this many tiles, so that a large commit stays within bounded memory. */
const TILES_PER_STATEMENT = 5_000;

const WRITE_ENTITIES = `
INSERT INTO online_entity
  (tenant, view_id, entity_key, sequence, first_seen_us, newest_event_us, retained_from_us, latest)
SELECT $1, * FROM unnest($2::int[], $3::text[], $4::bigint[], $5::bigint[], $6::bigint[], $7::bigint[], $8::bytea[])
ON CONFLICT (tenant, view_id, entity_key) DO UPDATE SET
  sequence = excluded.sequence, first_seen_us = excluded.first_seen_us,
  newest_event_us = excluded.newest_event_us, retained_from_us = excluded.retained_from_us, latest = excluded.latest`;

const WRITE_TILES = `
INSERT INTO online_tile (tenant, view_id, entity_key, start_us, body)
SELECT $1, * FROM unnest($2::int[], $3::text[], $4::bigint[], $5::bytea[])
ON CONFLICT (tenant, view_id, entity_key, start_us) DO UPDATE SET body = excluded.body`;

const TRIM_TILES = `
DELETE FROM online_tile t USING unnest($2::int[], $3::text[], $4::bigint[]) AS k (view_id, entity_key, before_us)
WHERE t.tenant = $1 AND t.view_id = k.view_id AND t.entity_key = k.entity_key AND t.start_us < k.before_us`;

/** Writes what a commit changes online. The caller holds the entities' locks. */
export async function writeOnline(tx: Queryable, tenant: string, changes: OnlineChanges): Promise<void> {
  const { entities, tiles, trims } = changes;
  await tx.query(
    WRITE_ENTITIES,
    [
      tenant,
      entities.map((entity) => entity.viewId),
      entities.map((entity) => entity.key),
      entities.map(({ state }) => state.sequence),
      entities.map(({ state }) => state.firstSeen),
      entities.map(({ state }) => toInt8(state.newestEvent)),
      entities.map(({ state }) => toInt8(state.retainedFrom)),
      entities.map(({ state }) => state.latest),
    ],
    { name: 'write-entities' },
  );
  for (let first = 0; first < tiles.length; first += TILES_PER_STATEMENT) {
    const some = tiles.slice(first, first + TILES_PER_STATEMENT);
    await tx.query(
      WRITE_TILES,
      [
        tenant,
        some.map((tile) => tile.viewId),
        some.map((tile) => tile.key),
        some.map((tile) => tile.start),
        some.map((tile) => tile.body),
      ],
      { name: 'write-tiles' },
    );
  }
  if (trims.length === 0) return;
  await tx.query(
    TRIM_TILES,
    [
      tenant,
      trims.map((trim) => trim.viewId),
      trims.map((trim) => trim.key),
      trims.map((trim) => trim.before),
    ],
    { name: 'trim-tiles' },
  );
}
