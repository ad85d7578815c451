import type { Queryable } from '@plumbline/sql';
import { entityId, tileId, type EntityRef, type EntityState, type TileRef } from '../domain/row-store.ts';
import { fromInt8 } from './numbers.ts';

/**
 * Keys are sorted before they are looked up and locked one by one, so every commit takes its locks in the same order
 * and none deadlock. The lateral limit keeps a plan made on an empty table from reading it all later. The answer is one
 * row: parsing one per entity costs more than finding them.
 */
const LOCK_ENTITIES = `
SELECT array_agg(position::int) AS positions, array_agg(sequence) AS sequences, array_agg(first_seen_us) AS first_seen,
       array_agg(newest_event_us) AS newest_events, array_agg(retained_from_us) AS retained_from,
       array_agg(length(latest)) AS lengths, string_agg(latest, ''::bytea) AS latest
FROM (
  SELECT k.position, e.*
  FROM (
    SELECT * FROM unnest($2::int[], $3::text[]) WITH ORDINALITY AS u (view_id, entity_key, position)
    ORDER BY view_id, entity_key
  ) k
  CROSS JOIN LATERAL (
    SELECT sequence, first_seen_us, newest_event_us, retained_from_us, latest FROM online_entity
    WHERE tenant = $1 AND view_id = k.view_id AND entity_key = k.entity_key LIMIT 1 FOR UPDATE
  ) e
) locked`;

interface LockedEntities {
  /** 1-based, into the keys asked for; NULL when none exists. */
  positions: number[] | null;
  sequences: bigint[];
  first_seen: bigint[];
  newest_events: (bigint | null)[];
  retained_from: (bigint | null)[];
  lengths: number[];
  latest: Buffer;
}

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
  if (refs.length === 0) return new Map();
  const values = [tenant, refs.map((ref) => ref.viewId), refs.map((ref) => ref.key)];
  const lock = () => tx.query<LockedEntities>(LOCK_ENTITIES, values, { name: 'lock-entities' });
  let [locked] = await lock();
  if ((locked!.positions?.length ?? 0) < refs.length) {
    await tx.query(MAKE_ENTITIES, values, { name: 'make-entities' });
    [locked] = await lock();
  }
  return statesOf(refs, locked!);
}

function statesOf(refs: readonly EntityRef[], locked: LockedEntities): Map<string, EntityState> {
  const states = new Map<string, EntityState>();
  let offset = 0;
  locked.positions?.forEach((position, index) => {
    const end = offset + locked.lengths[index]!;
    const latest = locked.latest.subarray(offset, end);
    offset = end;
    const sequence = Number(locked.sequences[index]);
    if (sequence === 0) return;
    states.set(entityId(refs[position - 1]!), {
      sequence,
      firstSeen: Number(locked.first_seen[index]),
      newestEvent: fromInt8(locked.newest_events[index]!, -Infinity),
      retainedFrom: fromInt8(locked.retained_from[index]!, -Infinity),
      latest,
    });
  });
  return states;
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
