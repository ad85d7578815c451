export { composeKey, keyParts, type KeyValue } from './entity-key.ts';
export {
  DAY_US,
  HOUR_US,
  MINUTE_US,
  NEVER,
  isInstant,
  tileLengthUs,
  tileStartOf,
  type Micros,
} from './instants.ts';
export {
  compareVersions,
  isAged,
  isVisible,
  supersededFrom,
  visibleFrom,
  winnerAt,
  type RowVersion,
} from './visibility.ts';
export {
  planWindows,
  type AggregateOperation,
  type AggregateSpec,
  type Measure,
  type PlannedAggregate,
  type WindowPlan,
} from './window-plan.ts';
export { isSummable, type Entries } from './partial.ts';
export { WindowFold, type TileSet } from './tile-set.ts';
export { orderByEntity, tileHistory, type EntityOrder, type HistoryTiles } from './history-tiles.ts';
export {
  decodeTile,
  decodeTiles,
  encodeTile,
  toColumns,
  type StoredTile,
  type TileEntry,
} from './tile-codec.ts';
export { Fault, type FaultReason } from './fault.ts';
export { compilePattern, type ColumnSpec } from './column-check.ts';
export {
  SourceProgram,
  type Admit,
  type AdmittedRow,
  type DerivedSpec,
  type SourceSpec,
} from './source-program.ts';
export { decodeRow, encodeRow } from './row-codec.ts';
export {
  addLatest,
  decodeLatest,
  encodeLatest,
  latestAt,
  type LatestRow,
  type LatestRows,
} from './latest.ts';
export { BloomFilter, hashKey, type KeyHash } from './bloom-filter.ts';
export { ByteReader, ByteWriter } from './bytes.ts';
