export { freezeEdges, MAX_EDGES, type FrozenEdges } from './histogram/edges.ts';
export {
  bins,
  cellCount,
  cellOf,
  countCells,
  emptyCells,
  FIRST_BIN_CELL,
  increment,
  mergeCells,
  missing,
  NAN_CELL,
  NEGATIVE_INFINITY_CELL,
  NULL_CELL,
  outOfRange,
  POSITIVE_INFINITY_CELL,
  total,
  type Cells,
} from './histogram/cells.ts';
export { groupBins, groupCounts, MAX_GROUPS, type BinGroups } from './histogram/groups.ts';
export {
  buildProfile,
  STANDARD_BLOCKS,
  type ProfileColumn,
  type ProfileOptions,
} from './profile/build-profile.ts';
export { type BlockSpec } from './profile/block-variation.ts';
export {
  type BlockVariation,
  type ColumnProfile,
  type ColumnRole,
  type Profile,
  type Spread,
} from './profile/profile.ts';
export { expectedPsi, psi, PSI_RULE } from './drift/psi.ts';
