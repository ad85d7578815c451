import { tileStartOf, type Micros } from './instants.ts';
import type { Entries } from './partial.ts';
import { summariseTile, type TileSet } from './tile-set.ts';
import type { WindowPlan } from './window-plan.ts';

/** The tiles of every entity of a history, with where each entity's tiles lie. */
export interface HistoryTiles {
  readonly set: TileSet;
  /** Entity e owns the tiles [tileBegins[e], tileBegins[e + 1]). */
  readonly tileBegins: Uint32Array;
  /** First instant at which a row of the entity is visible; Infinity: none ever is. */
  readonly firstSeen: Float64Array;
}

/**
 * Cuts a history into tiles. `entity` numbers each row's entity from 0; rows may come in any order. O(n) when rows
 * come in event order, as sealed histories do.
 */
export function tileHistory(
  plan: WindowPlan,
  entity: Uint32Array,
  entityCount: number,
  rows: Entries,
): HistoryTiles {
  const { order } = orderByEntity(entity, entityCount, rows.event);
  const entries = permute(plan, rows, order);
  const bounds = cutTiles(plan.tileUs, entity, order, entries.event, entityCount);
  const set = {
    starts: bounds.starts,
    begins: bounds.begins,
    settled: new Float64Array(bounds.starts.length),
    partials: new Float64Array(bounds.starts.length * plan.stride),
    entries,
  };
  for (let tile = 0; tile < set.starts.length; tile++) summariseTile(plan, set, tile);
  return { set, tileBegins: bounds.tileBegins, firstSeen: firstSeenOf(entity, entityCount, rows.from) };
}

/** Rows of a history by entity, within one by event. */
export interface EntityOrder {
  /** Row numbers. */
  readonly order: Uint32Array;
  /** Entity e owns order[begins[e]] up to, not including, order[begins[e + 1]]. */
  readonly begins: Uint32Array;
}

/** Orders rows by entity, then event, then position. O(n) when rows come in event order. */
export function orderByEntity(entity: Uint32Array, entityCount: number, event: Float64Array): EntityOrder {
  const begins = new Uint32Array(entityCount + 1);
  for (const code of entity) begins[code + 1]!++;
  for (let e = 0; e < entityCount; e++) begins[e + 1]! += begins[e]!;
  const next = begins.slice();
  const order = new Uint32Array(entity.length);
  for (let i = 0; i < entity.length; i++) order[next[entity[i]!]!++] = i;
  for (let e = 0; e < entityCount; e++) {
    const run = order.subarray(begins[e], begins[e + 1]);
    if (!isSorted(run, event)) run.sort((a, b) => event[a]! - event[b]! || a - b);
  }
  return { order, begins };
}

function isSorted(run: Uint32Array, event: Float64Array): boolean {
  for (let i = 1; i < run.length; i++) if (event[run[i]!]! < event[run[i - 1]!]!) return false;
  return true;
}

function permute(plan: WindowPlan, rows: Entries, order: Uint32Array): Entries {
  const width = plan.measures.length;
  const pick = (column: Float64Array): Float64Array => {
    const picked = new Float64Array(order.length);
    for (let i = 0; i < order.length; i++) picked[i] = column[order[i]!]!;
    return picked;
  };
  const values = new Float64Array(order.length * width);
  for (let i = 0; i < order.length; i++) {
    for (let m = 0; m < width; m++) values[i * width + m] = rows.values[order[i]! * width + m]!;
  }
  return {
    event: pick(rows.event),
    from: pick(rows.from),
    until: pick(rows.until),
    sequence: pick(rows.sequence),
    values,
  };
}

function cutTiles(
  tileUs: number,
  entity: Uint32Array,
  order: Uint32Array,
  event: Float64Array,
  entityCount: number,
): { starts: Float64Array; begins: Uint32Array; tileBegins: Uint32Array } {
  const starts: number[] = [];
  const begins: number[] = [];
  const tileBegins = new Uint32Array(entityCount + 1);
  let lastEntity = -1;
  let lastStart: Micros = NaN;
  for (let i = 0; i < order.length; i++) {
    const owner = entity[order[i]!]!;
    const start = tileStartOf(event[i]!, tileUs);
    if (owner === lastEntity && start === lastStart) continue;
    lastEntity = owner;
    lastStart = start;
    starts.push(start);
    begins.push(i);
    tileBegins[owner + 1]!++;
  }
  begins.push(order.length);
  for (let e = 0; e < entityCount; e++) tileBegins[e + 1]! += tileBegins[e]!;
  return { starts: Float64Array.from(starts), begins: Uint32Array.from(begins), tileBegins };
}

function firstSeenOf(entity: Uint32Array, entityCount: number, from: Float64Array): Float64Array {
  const firstSeen = new Float64Array(entityCount).fill(Infinity);
  for (let i = 0; i < entity.length; i++) {
    const code = entity[i]!;
    if (from[i]! < firstSeen[code]!) firstSeen[code] = from[i]!;
  }
  return firstSeen;
}
