import { STEP_US, type DriftPolicy } from '@plumbline/statistics';
import type { AlertPolicy } from './decide-alerts.ts';

/** When a window counts as drifted. Chosen and justified in docs/adr/0005-drift-rule.md. */
export const DRIFT_POLICY: DriftPolicy = {
  alpha: 0.01,
  minimumValues: 150,
  isolationFactor: 1.5,
  minimumPsi: 0.2,
};

/** How verdicts, one per hour of event time, become alerts. See the same ADR. */
export const ALERT_POLICY: AlertPolicy = { fireAfter: 2, fireScoreAfter: 6, clearAfter: 3 };

/** Between two evaluations, and the grain of stored histograms: event time, µs. */
export const EVALUATION_STEP_US: bigint = STEP_US;

/** How much later than newer ones a prediction may arrive and still be judged with its hour: event time, µs. */
export const ALLOWED_LATENESS_US: bigint = 300_000_000n;

export const DAY_US: bigint = 86_400_000_000n;
