import { noncentralChiSquareQuantile, noncentralChiSquareSurvival } from '../distributions/chi-square.ts';
import { missing, total, type Cells } from '../histogram/cells.ts';
import { groupCounts } from '../histogram/groups.ts';
import type { ColumnBaseline } from './baseline.ts';
import { benjaminiHochberg } from './multiple-testing.ts';
import { psiBetween, sampleOf, samplingScale, type Distance } from './psi.ts';
import { nearestStretch } from './stretches.ts';

export interface DriftPolicy {
  /** A column has drifted when its q-value is below this. */
  readonly alpha: number;
  /** Windows with fewer values are not judged. */
  readonly minimumValues: number;
  /** The practical minimum is this multiple of how odd the reference's own stretches are … */
  readonly isolationFactor: number;
  /** … and at least this PSI. */
  readonly minimumPsi: number;
}

export type DriftState = 'STABLE' | 'DRIFTED' | 'INSUFFICIENT_DATA';

export interface ColumnDrift {
  readonly name: string;
  readonly source: string;
  readonly state: DriftState;
  /** PSI to the stretch of the reference that the window resembles most. */
  readonly psi: number;
  /** PSI beyond which the window is odder than the practical minimum at level α, uncorrected. */
  readonly threshold: number;
  readonly pValue: number;
  readonly qValue: number;
  /** Values in that stretch, and in the window. */
  readonly n: number;
  readonly m: number;
  /** First step of that stretch; undefined when the reference was compared as a whole. */
  readonly nearestStep: number | undefined;
  /** PSI to the whole reference. */
  readonly overallPsi: number;
  readonly missingRate: number;
  readonly baselineMissingRate: number;
}

/**
 * Judges one window of every column. `windows[i]` belongs to `baselines[i]`; results keep that order.
 *
 * The null hypothesis is not "equal to the reference", which every real window violates, but "no further from the
 * most similar stretch of the reference than such stretches are from each other": a minimum-effect test (Murphy &
 * Myors, 1999). PSI / (1/n + 1/m) is then non-central χ² with B − 1 degrees of freedom and non-centrality
 * δ / (1/n + 1/m), δ being the practical minimum; δ = 0 gives the threshold χ²(B − 1)(1/n + 1/m). Taking the nearest
 * stretch can only lower PSI, so the test stays conservative. q-values are Benjamini–Hochberg over the columns that
 * have enough values.
 */
export function assessDrift(
  baselines: readonly ColumnBaseline[],
  windows: readonly Cells[],
  policy: DriftPolicy,
): ColumnDrift[] {
  const measured = baselines.map((baseline, i) => measure(baseline, windows[i] ?? [], policy));
  const judged = measured.filter((column) => column.m >= policy.minimumValues);
  const qValues = benjaminiHochberg(judged.map((column) => column.pValue));
  const byName = new Map(judged.map((column, i) => [column.name, qValues[i] ?? 1]));
  return measured.map((column) => ({ ...column, ...verdict(byName.get(column.name), policy) }));
}

type Measured = Omit<ColumnDrift, 'state' | 'qValue'>;

function verdict(qValue: number | undefined, policy: DriftPolicy): { qValue: number; state: DriftState } {
  if (qValue === undefined) return { qValue: 1, state: 'INSUFFICIENT_DATA' };
  return { qValue, state: qValue < policy.alpha ? 'DRIFTED' : 'STABLE' };
}

function measure(baseline: ColumnBaseline, window: Cells, policy: DriftPolicy): Measured {
  const sample = sampleOf(groupCounts(window, baseline.groups));
  const overall = psiBetween(baseline.whole, sample);
  const nearest = nearestStretch(baseline.stretches, sample);
  const distance = nearest ?? overall;
  const n = nearest?.stretch.sample.n ?? baseline.whole.n;
  return {
    name: baseline.name,
    source: baseline.source,
    psi: distance.psi,
    ...test(distance, n, sample.n, practicalMinimum(baseline, policy), policy.alpha),
    n,
    m: sample.n,
    nearestStep: nearest?.stretch.firstStep,
    overallPsi: overall.psi,
    missingRate: rate(missing(window), total(window)),
    baselineMissingRate: rate(missing(baseline.cells), total(baseline.cells)),
  };
}

function test(
  { psi, bins }: Distance,
  n: number,
  m: number,
  minimum: number,
  alpha: number,
): { pValue: number; threshold: number } {
  if (n === 0 || m === 0) return { pValue: 1, threshold: Infinity };
  const scale = samplingScale(n, m);
  const lambda = minimum / scale;
  const degrees = Math.max(1, bins - 1);
  return {
    pValue: noncentralChiSquareSurvival(psi / scale, degrees, lambda),
    threshold: noncentralChiSquareQuantile(alpha, degrees, lambda) * scale,
  };
}

/** The PSI that is still taken as normal for this column, before sampling noise. */
export function practicalMinimum(baseline: ColumnBaseline, policy: DriftPolicy): number {
  return Math.max(policy.minimumPsi, policy.isolationFactor * baseline.isolation);
}

function rate(part: number, whole: number): number {
  return whole === 0 ? 0 : part / whole;
}
