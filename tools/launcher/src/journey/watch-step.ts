import { DriftState } from '@plumbline/contract-monitor';
import { day } from './flights.ts';
import { MARCH } from './march.ts';
import { until } from './retry.ts';
import { Step, type StepReport } from './report.ts';
import { MODEL, type Setting } from './setting.ts';
import { metricFigure } from './train-step.ts';
import { flightsBetween } from './training-sets.ts';

const AUC_BAR = 0.7;
const MARCH_FLIGHTS = 511_502;
const SIDE_BY_SIDE = [
  ['roc_auc', 'AUC'],
  ['brier', 'Brier score'],
  ['calibration_in_the_large', 'calibration'],
] as const;

/** Step 5, first tenant: live quality beside offline quality, drift of every feature, and no alert. */
export async function watchStep({ clients, screen }: Setting, championDigest: string): Promise<StepReport> {
  const step = new Step('watch', screen);
  screen.say('\n5  Watch: live quality beside offline, drift, alerts');
  const offline = await clients.trainer.evaluateVersions(
    { model: MODEL, rows: flightsBetween(MARCH.fromUs, MARCH.toUs, 0n), versionDigests: [championDigest] },
    { timeoutMs: 180_000 },
  );
  const auc = offline.versions[0]?.metrics.find(({ name }) => name === 'roc_auc');
  step.check(
    'ROC AUC over all March flights, recomputed point-in-time, reaches 0.70',
    (auc?.value ?? 0) >= AUC_BAR && Number(offline.dataset?.rows) === MARCH_FLIGHTS,
    `${auc?.value.toFixed(4)} over ${offline.dataset?.rows} flights`,
  );
  step.figure('marchOffline', offline.versions[0]?.metrics.map(metricFigure));

  const performance = await until(
    'every label of March joined',
    () => clients.monitor.getPerformance({ model: MODEL, modelDigest: championDigest }),
    ({ labelled, predictions }) => labelled === predictions,
  );
  step.figure('live', performance.live.map(metricFigure));
  step.figure('offlineAtTraining', performance.offline.map(metricFigure));
  step.figure(
    'calibration',
    performance.calibration.map(({ meanScore, observed, n }) => ({ meanScore, observed, n })),
  );
  step.figure('labelCoverage', Number(performance.labelled) / Number(performance.predictions));
  for (const [name, title] of SIDE_BY_SIDE) {
    const live = performance.live.find((metric) => metric.name === name);
    const all = offline.versions[0]?.metrics.find((metric) => metric.name === name);
    const trained = performance.offline.find((metric) => metric.name === name);
    step.check(
      `live ${title} agrees with the offline one of all March flights`,
      live !== undefined && all !== undefined && live.lower <= all.value && all.value <= live.upper,
      `live ${figure(live?.value)} [${figure(live?.lower)}, ${figure(live?.upper)}], offline ${figure(all?.value)}, at training ${figure(trained?.value)}`,
    );
  }

  const drift = await clients.monitor.getDrift({
    model: MODEL,
    modelDigest: championDigest,
    fromUs: day(3, 14),
    toUs: day(3, 15),
  });
  step.figure(
    'drift',
    drift.columns.map(({ name, psi, threshold, qValue, n, m, state }) => ({
      name,
      psi,
      threshold,
      qValue,
      n,
      m,
      state: DriftState[state],
    })),
  );
  step.check(
    'drift is told for every feature and the score, with n and m',
    drift.columns.length > 10 && drift.columns.every(({ n, m }) => n > 0n && m > 0n),
    `${drift.columns.length} columns`,
  );
  const { alerts } = await clients.monitor.listAlerts({});
  step.check('no alert fires on a month without faults', alerts.length === 0, `${alerts.length} alerts`);
  return step.report();
}

const figure = (value: number | undefined): string => value?.toFixed(4) ?? 'none';
