import { ByteReader, ByteWriter } from './bytes.ts';
import { NEVER, type Micros } from './instants.ts';
import { addRow, clearPartial, type Entries } from './partial.ts';
import type { TileSet } from './tile-set.ts';
import type { WindowPlan } from './window-plan.ts';

/** One row inside a stored tile. `values` in the order of the plan's measures; NaN is NULL. */
export interface TileEntry {
  readonly event: Micros;
  readonly from: Micros;
  until: Micros;
  readonly sequence: number;
  readonly values: readonly number[];
}

const FORMAT = 1;
const NULL = 0;
const WHOLE = 1;
const REAL = 2;

/**
 * A stored tile: settled instant and partial first, so that reads of whole tiles stop there, then the rows. Integers
 * are written as differences (instants from the tile's start, sequences from the one before), so that a row of the
 * common case takes about 10 bytes.
 */
export function encodeTile(
  plan: WindowPlan,
  start: Micros,
  entries: readonly TileEntry[],
  writer: ByteWriter = new ByteWriter(),
): Buffer {
  const summary = summariseEntries(plan, entries);
  writer.byte(FORMAT);
  writer.unsigned(entries.length);
  writer.signed(summary.settled - start);
  for (const slot of summary.partial) writeNumber(writer, slot);
  let sequence = 0;
  for (const entry of entries) {
    writer.unsigned(entry.event - start);
    writer.unsigned(entry.from - entry.event);
    writer.unsigned(entry.until === NEVER ? 0 : entry.until - entry.from + 1);
    writer.signed(entry.sequence - sequence);
    sequence = entry.sequence;
    for (const value of entry.values) writeNumber(writer, value);
  }
  return writer.take();
}

/** The rows of a stored tile, in the order they were written. */
export function decodeTile(plan: WindowPlan, start: Micros, body: Uint8Array): TileEntry[] {
  const reader = new ByteReader(body);
  const count = readHead(reader, plan).count;
  const entries: TileEntry[] = [];
  let sequence = 0;
  for (let i = 0; i < count; i++) {
    const event = start + reader.unsigned();
    const from = event + reader.unsigned();
    const lasting = reader.unsigned();
    sequence += reader.signed();
    const values = plan.measures.map(() => readNumber(reader));
    entries.push({ event, from, until: lasting === 0 ? NEVER : from + lasting - 1, sequence, values });
  }
  return entries;
}

/** A stored tile of an entity, as online reads fetch it. */
export interface StoredTile {
  readonly start: Micros;
  readonly body: Uint8Array;
}

/**
 * Decodes the tiles of one entity, ascending by start, for folds at `at`: rows only of the tiles that such a fold
 * opens (unsettled, or cut by a window's lower bound); the others hold their partial alone.
 */
export function decodeTiles(plan: WindowPlan, tiles: readonly StoredTile[], at: Micros): TileSet {
  const set = {
    starts: Float64Array.from(tiles, (tile) => tile.start),
    settled: new Float64Array(tiles.length),
    partials: new Float64Array(tiles.length * plan.stride),
    begins: new Uint32Array(tiles.length + 1),
  };
  const rows: TileEntry[] = [];
  tiles.forEach((tile, index) => {
    const head = readHead(new ByteReader(tile.body), plan);
    set.settled[index] = tile.start + head.settledAfter;
    set.partials.set(head.partial, index * plan.stride);
    if (set.settled[index] > at || isCut(plan, tile.start, at))
      rows.push(...decodeTile(plan, tile.start, tile.body));
    set.begins[index + 1] = rows.length;
  });
  return { ...set, entries: toColumns(plan, rows) };
}

/** Tile entries as the columns that folds read. */
export function toColumns(plan: WindowPlan, rows: readonly TileEntry[]): Entries {
  const width = plan.measures.length;
  const values = new Float64Array(rows.length * width);
  rows.forEach((row, index) => values.set(row.values, index * width));
  return {
    event: Float64Array.from(rows, (row) => row.event),
    from: Float64Array.from(rows, (row) => row.from),
    until: Float64Array.from(rows, (row) => row.until),
    sequence: Float64Array.from(rows, (row) => row.sequence),
    values,
  };
}

/** As `summariseTile` does for columns. */
function summariseEntries(
  plan: WindowPlan,
  entries: readonly TileEntry[],
): { settled: Micros; partial: Float64Array } {
  const partial = new Float64Array(plan.stride);
  clearPartial(plan, partial);
  let settled = -Infinity;
  for (const { event, from, until, sequence, values } of entries) {
    settled = Math.max(settled, from);
    if (until === NEVER) addRow(plan, partial, 0, event, from, sequence, values, 0);
    else settled = Math.max(settled, until);
  }
  return { settled, partial };
}

function isCut(plan: WindowPlan, start: Micros, at: Micros): boolean {
  return plan.windowsUs.some((length) => start <= at - length && at - length < start + plan.tileUs);
}

function readHead(
  reader: ByteReader,
  plan: WindowPlan,
): { count: number; settledAfter: number; partial: number[] } {
  const format = reader.byte();
  if (format !== FORMAT) throw new RangeError(`tile format ${format} is unknown`);
  const count = reader.unsigned();
  const settledAfter = reader.signed();
  return { count, settledAfter, partial: Array.from({ length: plan.stride }, () => readNumber(reader)) };
}

function writeNumber(writer: ByteWriter, value: number): void {
  if (Number.isNaN(value)) return writer.byte(NULL);
  if (Number.isSafeInteger(value) && !Object.is(value, -0)) {
    writer.byte(WHOLE);
    return writer.signed(value);
  }
  writer.byte(REAL);
  writer.double(value);
}

function readNumber(reader: ByteReader): number {
  const kind = reader.byte();
  if (kind === NULL) return NaN;
  return kind === WHOLE ? reader.signed() : reader.double();
}
