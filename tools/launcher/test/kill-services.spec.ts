import { randomUUID } from 'node:crypto';
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { temporaryDirectory } from '@plumbline/testing';
import { RecordKind } from '@plumbline/contract-audit';
import {
  connectCaller,
  connectTenant,
  type CallerClients,
  type TenantClients,
} from '../src/journey/clients.ts';
import { applyDefinitions, ingestFile } from '../src/journey/ingest-step.ts';
import { FlightReplay } from '../src/journey/flight-replay.ts';
import { day, FLIGHTS_FILE, isSampled, readFlights } from '../src/journey/flights.ts';
import { PredictionLog } from '../src/journey/prediction-log.ts';
import { judgeAndRelease } from '../src/journey/release-step.ts';
import { slices } from '../src/journey/replay.ts';
import { predictionRecords, recomputeServed } from '../src/journey/recompute-served.ts';
import { Step } from '../src/journey/report.ts';
import { until } from '../src/journey/retry.ts';
import { BASELINE_FEATURE, MODEL } from '../src/journey/setting.ts';
import { watchJob } from '../src/journey/train-step.ts';
import { flightsBetween } from '../src/journey/training-sets.ts';
import { freeBasePort } from './free-base-port.ts';
import { startPlatform, type Platform } from '../src/platform.ts';
import { SERVICES, type ServiceName } from '../src/processes/services.ts';
import { Screen } from '../src/terminal/screen.ts';

const SPAN = { fromUs: day(3, 1), toUs: day(3, 1, 12) };

let platform: Platform;
let clients: TenantClients;
let caller: CallerClients;
const screen = new Screen(new PassThrough() as unknown as NodeJS.WriteStream);

beforeAll(async () => {
  const home = await temporaryDirectory();
  platform = await startPlatform({ once: true, bare: false, home, basePort: await freeBasePort() }, screen);
  clients = connectTenant(platform.addresses, platform.infrastructure.serviceSecret, 'killed');
  await clients.tenants.createTenant({ tenant: 'killed' });
  const { secret } = await clients.tenants.createApiKey({
    tenant: 'killed',
    name: 'test',
    scopes: ['predict', 'as-of'],
  });
  caller = connectCaller(platform.addresses['GATEWAY_ADDRESS'] ?? '', secret);
  await applyDefinitions({ clients });
  const where = `date >= timestamp('2001-02-20T00:00:00Z') and date < timestamp('2001-03-01T00:00:00Z')`;
  await ingestFile({ clients, screen }, FLIGHTS_FILE, 'a week', 150_000, where);
  await trainAndRelease();
});

afterAll(async () => {
  caller?.close();
  clients?.close();
  await platform?.stop();
});

async function trainAndRelease(): Promise<void> {
  await clients.registry.createModel({ model: MODEL });
  const gateRows = flightsBetween(day(2, 27), day(3, 1), day(3, 1));
  const jobId = randomUUID();
  await clients.trainer.startTraining({
    jobId,
    spec: {
      model: MODEL,
      fit: flightsBetween(day(2, 22), day(2, 27), day(2, 27)),
      gate: gateRows,
      parametersJson: JSON.stringify({ trees: 20 }),
      seed: 1n,
      baselineFeature: BASELINE_FEATURE,
    },
  });
  const { versionDigest } = await watchJob(clients.trainer, jobId, () => undefined);
  const step = new Step('release', screen);
  await judgeAndRelease({ clients }, step, versionDigest);
  expect(step.report().checks.filter(({ held }) => !held)).toEqual([]);
}

function pidOf(service: ServiceName): number {
  const pid = platform.supervisor.pidOf(service);
  if (pid === undefined) throw new Error(`${service} does not run`);
  return pid;
}

/** What the services logged as errors: a failed run must be understood from its report alone. */
function faults(): string {
  return globSync(join(platform.home, 'logs', '*.log'))
    .flatMap((file) => readFileSync(file, 'utf8').split('\n'))
    .filter((line) => line.includes('"level":"error"'))
    .slice(-20)
    .join('\n');
}

describe('a service that is killed during a replay', () => {
  it('is started again; callers that retry see no failure, and everything answered is recorded and monitored once', async () => {
    const flights = await readFlights(SPAN.fromUs, SPAN.toUs);
    const log = new PredictionLog();
    const replay = new FlightReplay({ clients, caller, flights, log });
    const all = [...slices(flights, (id) => isSampled(id, 0.12), SPAN)];
    const every = Math.floor(all.length / (SERVICES.length + 1));
    const killed: string[] = [];
    const firstPids = new Map(SERVICES.map(({ name }) => [name, pidOf(name)]));
    for (const [index, slice] of all.entries()) {
      const victim = index % every === every - 1 ? SERVICES[killed.length]?.name : undefined;
      const run = replay
        .run([slice], { update: () => undefined, done: () => undefined }, SPAN)
        .catch((cause: unknown) => {
          throw new Error(`slice ${index}, killed so far: ${killed.join(', ')}\n${faults()}`, { cause });
        });
      if (victim !== undefined) {
        killed.push(victim);
        process.kill(pidOf(victim), 'SIGKILL');
      }
      await run;
    }
    expect(killed).toEqual(SERVICES.map(({ name }) => name));
    expect({ failed: log.failures, messages: log.failureMessages }).toEqual({ failed: 0, messages: {} });
    expect(log.count).toBeGreaterThan(500);
    for (const [name, pid] of firstPids) expect(pidOf(name)).not.toBe(pid);

    const { counts } = await until(
      'every record becoming a leaf',
      () => clients.audit.countRecords({}),
      ({ counts: list }) => list.every(({ leaves, records }) => leaves === records),
    );
    const predictions = counts.find(({ kind }) => kind === RecordKind.PREDICTION);
    expect(Number(predictions?.leaves)).toBe(log.count);
    expect(Number(predictions?.distinctIds)).toBe(log.count);
    const monitored = await until(
      'the monitor catching up',
      () => clients.monitor.getCounts({ model: MODEL }),
      ({ predictions: count }) => Number(count) >= log.count,
    );
    expect(Number(monitored.predictions)).toBe(log.count);
    const records = await predictionRecords(clients, 1_000);
    expect(await recomputeServed(clients, records)).toEqual({ vectors: log.count, differing: 0 });
  });
});
