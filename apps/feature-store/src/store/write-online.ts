import type { EntityChange, EntityRef, OnlineChanges, TileChange } from '../domain/row-store.ts';
import { Statement } from './statement.ts';
import { toInt8 } from './numbers.ts';
import { packBytes } from './packed-bytes.ts';

/** Statements carry at most this many tiles, so that a large commit stays within bounded memory. */
const TILES_PER_STATEMENT = 5_000;

/** What a commit changes online, as parts of statements. The caller holds the entities' locks. */
export function onlineStatements(tenant: string, { entities, tiles, trims }: OnlineChanges): Statement[] {
  const first = new Statement(tenant);
  addEntities(first, entities);
  addTiles(first, tiles.slice(0, TILES_PER_STATEMENT));
  addTrims(first, trims);
  const more: Statement[] = [];
  for (let from = TILES_PER_STATEMENT; from < tiles.length; from += TILES_PER_STATEMENT) {
    const statement = new Statement(tenant);
    addTiles(statement, tiles.slice(from, from + TILES_PER_STATEMENT));
    more.push(statement);
  }
  return [first, ...more];
}

function addEntities(statement: Statement, entities: readonly EntityChange[]): void {
  const latest = packBytes(entities.map(({ state }) => state.latest));
  statement.add('entities', [
    `INSERT INTO online_entity
       (tenant, view_id, entity_key, sequence, first_seen_us, newest_event_us, retained_from_us, latest)
     SELECT $1, u.view_id, u.entity_key, u.sequence, u.first_seen_us, u.newest_event_us, u.retained_from_us,
            substring(`,
    ['bytea', latest.bytes],
    ' FROM u.start FOR u.size) FROM unnest(',
    ['int[]', entities.map((entity) => entity.viewId)],
    ['text[]', entities.map((entity) => entity.key)],
    ['bigint[]', entities.map(({ state }) => state.sequence)],
    ['bigint[]', entities.map(({ state }) => state.firstSeen)],
    ['bigint[]', entities.map(({ state }) => toInt8(state.newestEvent))],
    ['bigint[]', entities.map(({ state }) => toInt8(state.retainedFrom))],
    ['int[]', latest.offsets],
    ['int[]', latest.lengths],
    `) AS u (view_id, entity_key, sequence, first_seen_us, newest_event_us, retained_from_us, start, size)
     ON CONFLICT (tenant, view_id, entity_key) DO UPDATE SET
       sequence = excluded.sequence, first_seen_us = excluded.first_seen_us,
       newest_event_us = excluded.newest_event_us, retained_from_us = excluded.retained_from_us,
       latest = excluded.latest`,
  ]);
}

function addTiles(statement: Statement, tiles: readonly TileChange[]): void {
  const bodies = packBytes(tiles.map((tile) => tile.body));
  statement.add('tiles', [
    `INSERT INTO online_tile (tenant, view_id, entity_key, start_us, body)
     SELECT $1, u.view_id, u.entity_key, u.start_us, substring(`,
    ['bytea', bodies.bytes],
    ' FROM u.start FOR u.size) FROM unnest(',
    ['int[]', tiles.map((tile) => tile.viewId)],
    ['text[]', tiles.map((tile) => tile.key)],
    ['bigint[]', tiles.map((tile) => tile.start)],
    ['int[]', bodies.offsets],
    ['int[]', bodies.lengths],
    `) AS u (view_id, entity_key, start_us, start, size)
     ON CONFLICT (tenant, view_id, entity_key, start_us) DO UPDATE SET body = excluded.body`,
  ]);
}

/** By row address, which stands still under the entities' locks. */
function addTrims(statement: Statement, trims: readonly (EntityRef & { readonly before: number })[]): void {
  statement.add('trims', [
    `DELETE FROM online_tile WHERE ctid = ANY (ARRAY(
       SELECT t.ctid FROM unnest(`,
    ['int[]', trims.map((trim) => trim.viewId)],
    ['text[]', trims.map((trim) => trim.key)],
    ['bigint[]', trims.map((trim) => trim.before)],
    `) AS k (view_id, entity_key, before_us)
       CROSS JOIN LATERAL (
         SELECT ctid FROM online_tile
         WHERE tenant = $1 AND view_id = k.view_id AND entity_key = k.entity_key AND start_us < k.before_us LIMIT 10000
       ) t))`,
  ]);
}
