import type { Cells } from '../histogram/cells.ts';

/**
 * The frozen reference of one model version: what every later window is compared with. Field for field the message
 * plumbline.monitor.v1.Profile, so `create(ProfileSchema, profile)` encodes it.
 */
export interface Profile {
  /** In the order of the model's features; names are unique. */
  readonly features: ColumnProfile[];
  readonly score: ColumnProfile;
  /** First instant profiled, and the first after the last, epoch µs. */
  readonly fromUs: bigint;
  readonly toUs: bigint;
  /** Length of the stretches that `blockPsi` compares, and of the windows that are judged by them. */
  readonly blockUs: bigint;
  /** Length of the steps of `stepCounts`; divides `blockUs`. Step 0 begins at ⌊fromUs / stepUs⌋ · stepUs. */
  readonly stepUs: bigint;
  /** Smoothing of every PSI in here. */
  readonly psiRule: string;
}

export interface ColumnProfile {
  readonly name: string;
  /** Name of the model input that carries it; empty for the score. */
  readonly input: string;
  /** Where its values come from; columns of one source share an alert. Empty for the score. */
  readonly source: string;
  /** Ascending; see FrozenEdges and Cells for the bins. */
  readonly edges: number[];
  /** One per bin: edges + 1. */
  readonly counts: bigint[];
  readonly nulls: bigint;
  readonly nans: bigint;
  readonly positiveInfinities: bigint;
  readonly negativeInfinities: bigint;
  /** Values in all, missing ones included. */
  readonly n: bigint;
  /** See BinGroups. */
  readonly groupEnds: number[];
  /** Group counts of each step, one step after the other. */
  readonly stepCounts: number[];
  /** PSI of each stretch to the stretch most like it, less sampling noise, ascending. */
  readonly blockPsi: number[];
}

/** The whole histogram of a profiled column. */
export function cellsOf(column: ColumnProfile): Cells {
  const special = [column.nulls, column.nans, column.negativeInfinities, column.positiveInfinities];
  return [...special, ...column.counts].map(Number);
}
