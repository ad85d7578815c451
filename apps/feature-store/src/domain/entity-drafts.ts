import {
  ByteWriter,
  addLatest,
  decodeLatest,
  decodeTile,
  encodeLatest,
  encodeTile,
  tileStartOf,
  visibleFrom,
  type LatestRow,
  type Micros,
  type TileEntry,
} from '@plumbline/features';
import type { SourcePlan } from './catalogue.ts';
import { valuesFor } from './route-rows.ts';
import type { AcceptedRow, Resolution, SupersededVersion } from './resolve-versions.ts';
import {
  entityId,
  tileId,
  type EntityState,
  type OnlineChanges,
  type TileChange,
  type TileRef,
} from './row-store.ts';
import type { ViewProgram } from './view-program.ts';

interface TileDraft {
  readonly start: Micros;
  readonly added: AcceptedRow[];
  /** New `until` of stored entries, by sequence. */
  readonly superseded: Map<number, Micros>;
}

/** What one commit does to one entity of one view. */
export interface EntityDraft {
  readonly view: ViewProgram;
  readonly key: string;
  readonly before: EntityState | undefined;
  readonly tiles: Map<Micros, TileDraft>;
  readonly latest: LatestRow[];
  sequence: number;
  firstSeen: Micros;
  newestEvent: Micros;
}

/** Gathers, entity by entity, what a commit adds and supersedes. `nowUs` bounds what counts as newest event. */
export function draftEntities(
  source: SourcePlan,
  { accepted, superseded }: Resolution,
  states: ReadonlyMap<string, EntityState>,
  nowUs: Micros,
): EntityDraft[] {
  return source.views.flatMap((view, index) => {
    const drafts = new Map<string, EntityDraft>();
    for (const row of accepted) {
      const key = row.keys[index];
      if (key === undefined) continue;
      let draft = drafts.get(key);
      if (draft === undefined) drafts.set(key, (draft = emptyDraft(view, key, states)));
      addRow(source, draft, row, nowUs);
    }
    for (const version of superseded) supersede(drafts, version, index);
    return [...drafts.values()];
  });
}

/** The stored tiles that the drafts touch. */
export function touchedTiles(drafts: readonly EntityDraft[]): TileRef[] {
  return drafts.flatMap((draft) => {
    const from = retainedFrom(draft);
    return [...draft.tiles.keys()]
      .filter((start) => start >= from)
      .map((start) => ({ viewId: draft.view.id, key: draft.key, start }));
  });
}

/** Turns drafts into what is to be written, given the stored bodies of {@link touchedTiles}. */
export function finishDrafts(
  source: SourcePlan,
  drafts: readonly EntityDraft[],
  stored: ReadonlyMap<string, Buffer>,
): OnlineChanges {
  const tiles: TileChange[] = [];
  const writer = new ByteWriter();
  for (const draft of drafts) {
    const from = retainedFrom(draft);
    for (const tile of draft.tiles.values()) {
      if (tile.start >= from) tiles.push(finishTile(source, draft, tile, stored, writer));
    }
  }
  return {
    entities: drafts.map((draft) => ({ viewId: draft.view.id, key: draft.key, state: stateOf(draft) })),
    tiles,
    trims: drafts
      .filter((draft) => draft.before !== undefined && retainedFrom(draft) > draft.before.retainedFrom)
      .map((draft) => ({ viewId: draft.view.id, key: draft.key, before: retainedFrom(draft) })),
  };
}

function emptyDraft(view: ViewProgram, key: string, states: ReadonlyMap<string, EntityState>): EntityDraft {
  const before = states.get(entityId({ viewId: view.id, key }));
  return {
    view,
    key,
    before,
    tiles: new Map(),
    latest: [],
    sequence: before?.sequence ?? 0,
    firstSeen: before?.firstSeen ?? Infinity,
    newestEvent: before?.newestEvent ?? -Infinity,
  };
}

function addRow(source: SourcePlan, draft: EntityDraft, accepted: AcceptedRow, nowUs: Micros): void {
  const { row, sequence } = accepted;
  const { view } = draft;
  draft.sequence = Math.max(draft.sequence, sequence);
  draft.firstSeen = Math.min(draft.firstSeen, visibleFrom(row));
  if (row.event <= nowUs) draft.newestEvent = Math.max(draft.newestEvent, row.event);
  if (view.latestTypes.length > 0) {
    const values = view.latestValues(valuesFor(source, view, row.values));
    draft.latest.push({ event: row.event, known: row.known, sequence, values });
  }
  if (view.plan !== undefined) tileAt(draft, row.event).added.push(accepted);
}

function supersede(
  drafts: ReadonlyMap<string, EntityDraft>,
  { version, keys, until }: SupersededVersion,
  view: number,
): void {
  const key = keys[view];
  const draft = key === undefined ? undefined : drafts.get(key);
  if (draft?.view.plan !== undefined) tileAt(draft, version.event).superseded.set(version.sequence, until);
}

function tileAt(draft: EntityDraft, event: Micros): TileDraft {
  const start = tileStartOf(event, draft.view.plan!.tileUs);
  let tile = draft.tiles.get(start);
  if (tile === undefined) draft.tiles.set(start, (tile = { start, added: [], superseded: new Map() }));
  return tile;
}

function finishTile(
  source: SourcePlan,
  draft: EntityDraft,
  tile: TileDraft,
  stored: ReadonlyMap<string, Buffer>,
  writer: ByteWriter,
): TileChange {
  const plan = draft.view.plan!;
  const ref = { viewId: draft.view.id, key: draft.key, start: tile.start };
  const body = stored.get(tileId(ref));
  const entries = body === undefined ? [] : decodeTile(plan, tile.start, body);
  for (const entry of entries) entry.until = tile.superseded.get(entry.sequence) ?? entry.until;
  for (const accepted of tile.added) entries.push(entryOf(source, draft.view, accepted));
  return { ...ref, body: encodeTile(plan, tile.start, entries, writer) };
}

function entryOf(source: SourcePlan, view: ViewProgram, { row, sequence, until }: AcceptedRow): TileEntry {
  const values: number[] = [];
  view.measure(valuesFor(source, view, row.values), values);
  return { event: row.event, from: visibleFrom(row), until, sequence, values };
}

/** Tiles are let go this many at a time, so that most commits delete nothing. */
const TRIM_TILES = 8;

/** Start of the oldest tile that stays online: what windows can reach from slightly before the newest event. */
function retainedFrom(draft: EntityDraft): Micros {
  const before = draft.before?.retainedFrom ?? -Infinity;
  if (draft.view.plan === undefined || draft.newestEvent === -Infinity) return before;
  const { plan, retentionUs } = draft.view;
  return Math.max(before, tileStartOf(draft.newestEvent - retentionUs, TRIM_TILES * plan.tileUs));
}

function stateOf(draft: EntityDraft): EntityState {
  return {
    sequence: draft.sequence,
    firstSeen: draft.firstSeen,
    newestEvent: draft.newestEvent,
    retainedFrom: retainedFrom(draft),
    latest: latestOf(draft),
  };
}

function latestOf({ view, before, latest }: EntityDraft): Buffer {
  if (view.latestTypes.length === 0) return Buffer.alloc(0);
  const kept =
    before === undefined || before.latest.length === 0
      ? { rows: [], trimmed: false }
      : decodeLatest(view.latestTypes, before.latest);
  return encodeLatest(view.latestTypes, addLatest(kept, latest));
}
