import type { Cells } from '../histogram/cells.ts';
import type { FrozenEdges } from '../histogram/edges.ts';
import type { BinGroups } from '../histogram/groups.ts';

/** The frozen reference of one model version: what every later window is compared with. */
export interface Profile {
  readonly formatVersion: 1;
  /** Smoothing of every PSI in here. */
  readonly psiRule: string;
  /** Rows of the reference. */
  readonly rows: number;
  /** First and last event time, epoch µs. */
  readonly fromUs: bigint;
  readonly toUs: bigint;
  /** In the order they were given; names are unique. */
  readonly columns: readonly ColumnProfile[];
}

export type ColumnRole = 'feature' | 'score';

export interface ColumnProfile {
  readonly name: string;
  readonly role: ColumnRole;
  readonly edges: FrozenEdges;
  readonly cells: Cells;
  readonly groups: BinGroups;
  readonly variations: readonly BlockVariation[];
}

/**
 * How far stretches of the reference itself lie from the whole of it: weather, weekdays and hours move short
 * windows in ways that are no fault. Only full stretches count.
 */
export interface BlockVariation {
  /** Length of a stretch, and the offset between the starts of neighbouring ones. */
  readonly lengthUs: bigint;
  readonly stepUs: bigint;
  /** Stretches measured. */
  readonly blocks: number;
  /** PSI over the bin groups, less what sampling alone explains, at least 0. */
  readonly psi: Spread;
  /** Absolute difference of the missing rate. */
  readonly missingRate: Spread;
}

/** All 0 when there was nothing to measure. */
export interface Spread {
  readonly median: number;
  readonly p90: number;
  readonly p99: number;
  readonly maximum: number;
}

export const NO_SPREAD: Spread = { median: 0, p90: 0, p99: 0, maximum: 0 };

/** Quantiles by the inverse empirical CDF. */
export function spreadOf(values: readonly number[]): Spread {
  if (values.length === 0) return NO_SPREAD;
  const sorted = Float64Array.from(values).sort();
  const at = (share: number): number => sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? 0;
  return { median: at(0.5), p90: at(0.9), p99: at(0.99), maximum: at(1) };
}
