import type { Alert } from '@plumbline/contract-monitor';
import type { CallerClients, TenantClients } from './clients.ts';
import { day, FLIGHTS_FILE, isSampled, knownAtUs, readFlights, type Flights } from './flights.ts';
import { FlightReplay } from './flight-replay.ts';
import { applyDefinitions, ingestFile } from './ingest-step.ts';
import { PredictionLog } from './prediction-log.ts';
import { slices } from './replay.ts';
import { copyVersion, judgeAndRelease } from './release-step.ts';
import { until } from './retry.ts';
import { Step, type StepReport } from './report.ts';
import { MODEL, SOURCE, type Setting } from './setting.ts';
import { flightsBetween } from './training-sets.ts';

/** The source reports delays in hours instead of minutes while outcomes become known in this span. */
const FAULT = { fromUs: day(3, 10, 12), toUs: day(3, 11, 12) };
const SPAN = { fromUs: day(3, 10), toUs: day(3, 13) };
/** Context for the windows of the first day. */
const CONTEXT_FROM = '2001-02-10';
const SAMPLE_SHARE = 0.08;

const SHIFTED = [
  'late_share_1h',
  'late_share_6h',
  'late_share_24h',
  'mean_delay_1h',
  'mean_delay_6h',
  'mean_delay_24h',
].map((feature) => `airport_outcomes:${feature}`);

/** Step 5, second tenant: a source that breaks is one alert, which names every shifted feature and clears. */
export async function faultStep(
  setting: Setting,
  second: { readonly clients: TenantClients; readonly caller: CallerClients },
  versionDigest: string,
): Promise<StepReport> {
  const { screen } = setting;
  const step = new Step('a source breaks', screen);
  screen.say(
    '\n5′ A second tenant’s copy of 10–12 March, in which a source reports delays in hours for a day',
  );
  const there = { ...setting, clients: second.clients };
  await applyDefinitions(there);
  await ingestFile(
    there,
    FLIGHTS_FILE,
    'context',
    400_000,
    `date >= timestamp('${CONTEXT_FROM}T00:00:00Z') and date < timestamp('2001-03-10T00:00:00Z')`,
  );
  const rows = flightsBetween(day(3, 1), SPAN.fromUs, SPAN.fromUs);
  await copyVersion(setting.clients, second.clients, versionDigest, rows);
  await judgeAndRelease(second, step, versionDigest);

  const flights = await readFlights(SPAN.fromUs, SPAN.toUs);
  const log = new PredictionLog();
  const replay = new FlightReplay({
    ...second,
    flights,
    log,
    reportedDelay: (index) => reported(flights, index),
  });
  const progress = screen.progress('replay 10–12 March');
  await replay.run(
    slices(flights, (id) => isSampled(id, SAMPLE_SHARE), SPAN),
    progress,
    SPAN,
  );
  progress.done(`${log.count} predictions`);
  await checkAlert(step, second.clients, setting.clients, log);
  return step.report();
}

function reported(flights: Flights, index: number): number {
  const known = knownAtUs(flights, index);
  const truth = flights.delayMin[index] ?? 0;
  return known >= FAULT.fromUs && known < FAULT.toUs ? Math.round(truth / 60) : truth;
}

async function checkAlert(
  step: Step,
  clients: TenantClients,
  first: TenantClients,
  log: PredictionLog,
): Promise<void> {
  step.check(
    'no prediction failed there',
    log.failures === 0,
    log.failures === 0 ? '0' : JSON.stringify(log.failureMessages),
  );
  await until(
    'the monitor catching up',
    () => clients.monitor.getCounts({ model: MODEL }),
    ({ predictions }) => Number(predictions) >= log.count,
  );
  const { alerts } = await until(
    'the alert clearing',
    () => clients.monitor.listAlerts({ model: MODEL }),
    ({ alerts: list }) => list.length > 0 && list.every(({ clearedAtUs }) => clearedAtUs !== 0n),
  ).catch(() => clients.monitor.listAlerts({ model: MODEL }));
  const [alert] = alerts;
  step.figure('alerts', alerts.map(alertFigure));
  step.check(
    'exactly one alert fired, grouped by its source',
    alerts.length === 1 && alert?.source === SOURCE,
    `${alerts.length}, source ${alert?.source}`,
  );
  step.check(
    'it names every shifted feature',
    SHIFTED.every((name) => alert?.columns.includes(name)),
    alert?.columns.join(', ') ?? 'none',
  );
  step.check(
    'it fired while the source was broken and cleared after it was mended',
    (alert?.firedAtUs ?? 0n) > FAULT.fromUs &&
      (alert?.firedAtUs ?? 0n) < FAULT.toUs &&
      (alert?.clearedAtUs ?? 0n) > FAULT.toUs,
    alert === undefined
      ? 'none'
      : `${hoursAfter(alert.firedAtUs, FAULT.fromUs)} h after the break, ${hoursAfter(alert.clearedAtUs, FAULT.toUs)} h after the mending`,
  );
  const elsewhere = await first.monitor.listAlerts({});
  step.check(
    'the first tenant sees nothing of it',
    elsewhere.alerts.length === 0,
    `${elsewhere.alerts.length} alerts there`,
  );
}

const hoursAfter = (instant: bigint, start: bigint): string =>
  (Number(instant - start) / 3_600_000_000).toFixed(1);

const alertFigure = ({ source, columns, firedAtUs, clearedAtUs, reasons }: Alert) => ({
  source,
  columns,
  firedAtUs,
  clearedAtUs,
  reasons,
});
