import { RecordKind } from '@plumbline/contract-audit';
import type { TenantClients } from './clients.ts';
import type { Served } from './serve-step.ts';
import { until } from './retry.ts';
import type { Step, StepReport } from './report.ts';
import { MODEL, type Setting } from './setting.ts';

const FEWEST_PREDICTIONS = 20_000;

/** Step 4's account, taken when all of March has been replayed: what was answered, recorded and monitored is the same. */
export async function reckonStep(
  { clients, screen }: Setting,
  { log, replay, step }: Served,
): Promise<StepReport> {
  screen.say('\n4′ What was answered, recorded and monitored');
  step.figure('predictions', log.count);
  step.figure('outcomes', replay.outcomes);
  step.figure('answeredBy', log.byVariant);
  step.check(
    'at least 20,000 flights were predicted across March',
    log.count >= FEWEST_PREDICTIONS,
    String(log.count),
  );
  step.check(
    'no prediction failed',
    log.failures === 0,
    log.failures === 0 ? '0' : JSON.stringify(log.failureMessages),
  );
  step.check('and none had to be tried twice', log.retries === 0, `${log.retries} retries`);
  await checkEqualities(clients, step, log.count);
  return step.report();
}

/** Leaves of kind PREDICTION = distinct ids answered = predictions that the monitor took in. */
export async function checkEqualities(clients: TenantClients, step: Step, answered: number): Promise<void> {
  const count = await until(
    'every record becoming a leaf',
    () => predictionCount(clients),
    ({ leaves, records }) => leaves === records,
  );
  step.check(
    'leaves of kind PREDICTION = distinct prediction ids answered',
    Number(count.leaves) === answered && count.distinctIds === count.leaves,
    `${count.leaves} leaves, ${count.distinctIds} ids, ${answered} answered`,
  );
  const monitored = await until(
    'the monitor catching up',
    () => clients.monitor.getCounts({ model: MODEL }),
    ({ predictions }) => Number(predictions) >= answered,
  );
  step.check(
    'the monitor has every prediction once',
    Number(monitored.predictions) === answered,
    String(monitored.predictions),
  );
}

async function predictionCount(clients: TenantClients) {
  const { counts } = await clients.audit.countRecords({});
  const count = counts.find(({ kind }) => kind === RecordKind.PREDICTION);
  return count ?? { leaves: 0n, records: 0n, distinctIds: 0n };
}
