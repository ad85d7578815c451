import type { Queryable } from '@plumbline/sql';
import { entityId, tileId, type EntityRef, type EntityState, type TileRef } from '../domain/row-store.ts';
import { fromInt8 } from './numbers.ts';

interface EntityRow {
  view_id: number;
  entity_key: string;
  sequence: bigint;
  first_seen_us: bigint;
  newest_event_us: bigint | null;
  retained_from_us: bigint | null;
  latest: Buffer;
}

/**
 * Keys are sorted before they are looked up and locked one by one, so every commit takes its locks in the same order
 * and none deadlock. The lateral limit keeps a plan made on an empty table from reading it all later.
 */
const LOCK_ENTITIES = `
SELECT k.view_id, k.entity_key, e.sequence, e.first_seen_us, e.newest_event_us, e.retained_from_us, e.latest
FROM (SELECT * FROM unnest($2::int[], $3::text[]) AS u (view_id, entity_key) ORDER BY view_id, entity_key) k
CROSS JOIN LATERAL (
  SELECT * FROM online_entity WHERE tenant = $1 AND view_id = k.view_id AND entity_key = k.entity_key LIMIT 1 FOR UPDATE
) e`;

/** Entities seen for the first time are made at once, so that they can be locked like all others. */
const MAKE_ENTITIES = `
INSERT INTO online_entity (tenant, view_id, entity_key, sequence, first_seen_us, latest)
SELECT $1, k.view_id, k.entity_key, 0, 9223372036854775807, ''
FROM unnest($2::int[], $3::text[]) AS k (view_id, entity_key)
ORDER BY k.view_id, k.entity_key
ON CONFLICT (tenant, view_id, entity_key) DO NOTHING`;

/** Locks entities, making those that are missing; answers the states of those that had rows before. */
export async function lockEntities(
  tx: Queryable,
  tenant: string,
  refs: readonly EntityRef[],
): Promise<ReadonlyMap<string, EntityState>> {
  let rows = await queryEntities<EntityRow>(tx, 'lock-entities', LOCK_ENTITIES, tenant, refs);
  if (rows.length < refs.length) {
    await queryEntities(tx, 'make-entities', MAKE_ENTITIES, tenant, refs);
    rows = await queryEntities<EntityRow>(tx, 'lock-entities', LOCK_ENTITIES, tenant, refs);
  }
  const known = rows.filter((row) => row.sequence > 0n);
  return new Map(known.map((row) => [entityId({ viewId: row.view_id, key: row.entity_key }), stateOf(row)]));
}

function queryEntities<Row>(
  tx: Queryable,
  name: string,
  text: string,
  tenant: string,
  refs: readonly EntityRef[],
): Promise<Row[]> {
  const values = [tenant, refs.map((ref) => ref.viewId), refs.map((ref) => ref.key)];
  return tx.query<Row>(text, values, { name });
}

function stateOf(row: EntityRow): EntityState {
  return {
    sequence: Number(row.sequence),
    firstSeen: Number(row.first_seen_us),
    newestEvent: fromInt8(row.newest_event_us, -Infinity),
    retainedFrom: fromInt8(row.retained_from_us, -Infinity),
    latest: row.latest,
  };
}

/** Positions of the tiles that exist, and their bodies as one string: rows and hexadecimal text cost more. */
const READ_TILES = `
SELECT array_agg(k.position::int ORDER BY k.position) AS positions,
       array_agg(length(t.body) ORDER BY k.position) AS lengths,
       string_agg(t.body, ''::bytea ORDER BY k.position) AS bodies
FROM unnest($2::int[], $3::text[], $4::bigint[])
  WITH ORDINALITY AS k (view_id, entity_key, start_us, position)
CROSS JOIN LATERAL (
  SELECT body FROM online_tile
  WHERE tenant = $1 AND view_id = k.view_id AND entity_key = k.entity_key AND start_us = k.start_us LIMIT 1
) t`;

interface PackedTiles {
  positions: number[] | null;
  lengths: number[] | null;
  bodies: Buffer | null;
}

/** Bodies of the tiles that exist, by tileId. */
export async function readTiles(
  tx: Queryable,
  tenant: string,
  refs: readonly TileRef[],
): Promise<ReadonlyMap<string, Buffer>> {
  const values = [
    tenant,
    refs.map((ref) => ref.viewId),
    refs.map((ref) => ref.key),
    refs.map((ref) => ref.start),
  ];
  const [packed] = await tx.query<PackedTiles>(READ_TILES, values, { name: 'read-tiles' });
  const { positions, lengths, bodies } = packed!;
  const found = new Map<string, Buffer>();
  let offset = 0;
  positions?.forEach((position, index) => {
    const end = offset + lengths![index]!;
    found.set(tileId(refs[position - 1]!), bodies!.subarray(offset, end));
    offset = end;
  });
  return found;
}
