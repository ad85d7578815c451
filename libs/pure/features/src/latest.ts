import type { Value, ValueType } from '@plumbline/expressions';
import { ByteReader, ByteWriter } from './bytes.ts';
import { readValue, writeValue } from './row-codec.ts';
import { compareVersions, winnerAt, type RowVersion } from './visibility.ts';
import type { Micros } from './instants.ts';

/** A row of an entity as kept for features that are served as they are. */
export interface LatestRow extends RowVersion {
  readonly values: readonly Value[];
}

/** How many of an entity's greatest rows stay online, so that slightly older instants can still be answered. */
export const LATEST_KEPT = 16;

/** The newest rows of an entity, greatest first, and whether older ones were let go. */
export interface LatestRows {
  readonly rows: readonly LatestRow[];
  readonly trimmed: boolean;
}

/** Adds rows; keeps the {@link LATEST_KEPT} greatest. The result does not depend on the order of arrival. */
export function addLatest(before: LatestRows, added: readonly LatestRow[]): LatestRows {
  const rows = [...before.rows, ...added].sort((a, b) => compareVersions(b, a));
  return { rows: rows.slice(0, LATEST_KEPT), trimmed: before.trimmed || rows.length > LATEST_KEPT };
}

/** The winner at `at`; `unknown` when only a row that was let go could tell. */
export function latestAt(latest: LatestRows, at: Micros): LatestRow | 'none' | 'unknown' {
  const winner = winnerAt(latest.rows, at);
  if (winner !== undefined) return winner;
  return latest.trimmed ? 'unknown' : 'none';
}

export function encodeLatest(types: readonly ValueType[], latest: LatestRows): Buffer {
  const writer = new ByteWriter();
  writer.byte(latest.trimmed ? 1 : 0);
  writer.unsigned(latest.rows.length);
  for (const row of latest.rows) {
    writer.signed(row.event);
    writer.signed(row.known);
    writer.signed(row.sequence);
    types.forEach((type, index) => writeValue(writer, type, row.values[index]!));
  }
  return writer.take();
}

export function decodeLatest(types: readonly ValueType[], body: Uint8Array): LatestRows {
  const reader = new ByteReader(body);
  const trimmed = reader.byte() === 1;
  const rows = Array.from({ length: reader.unsigned() }, (): LatestRow => {
    const [event, known, sequence] = [reader.signed(), reader.signed(), reader.signed()];
    return { event, known, sequence, values: types.map((type) => readValue(reader, type)) };
  });
  return { rows, trimmed };
}
