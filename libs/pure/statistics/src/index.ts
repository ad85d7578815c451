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
export { groupBins, groupCount, groupCounts, MAX_GROUPS, type BinGroups } from './histogram/groups.ts';
export {
  BLOCK_US,
  buildProfile,
  STEP_US,
  type ProfileColumn,
  type ProfileOptions,
  type ProfileRows,
} from './profile/build-profile.ts';
export { checkProfile, MAX_BLOCK_US, MAX_COLUMNS, MAX_STEP_COUNTS } from './profile/check-profile.ts';
export { type ColumnProfile, type Profile } from './profile/profile.ts';
export { expectedPsi, psi, PSI_RULE } from './drift/psi.ts';
export { baselinesOf, type ColumnBaseline } from './drift/baseline.ts';
export {
  assessDrift,
  practicalMinimum,
  type ColumnDrift,
  type DriftPolicy,
  type DriftState,
} from './drift/assess.ts';
export { benjaminiHochberg } from './drift/multiple-testing.ts';
export * from './quality/index.ts';
export {
  chiSquareTest,
  gTest,
  rateTest,
  type ContingencyResult,
  type TestResult,
} from './drift/homogeneity.ts';
export { kolmogorovSmirnov } from './drift/kolmogorov-smirnov.ts';
