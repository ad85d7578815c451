import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Health, HealthCheckResponse_ServingStatus as Status } from '@plumbline/contract-grpc';
import { GRPCInferenceService } from '@plumbline/contract-oip';
import { createClient, type Client } from '@plumbline/rpc';
import { eventually } from '@plumbline/testing';
import { loopModel, timesModel } from './models.ts';
import { floats } from './replica.ts';
import { isClosed, startProcess, type ServiceProcess } from './service-process.ts';
import { modelFolder } from './standalone.ts';

/** How long a run takes that others wait for. Whatever the machine, what is done meanwhile takes far less. */
const RUN_MS = 1_500;
const TRIAL_TRIPS = 100_000;
/** A float32 counts no further. */
const MOST_TRIPS = 2 ** 24;

let service: ServiceProcess;
let oip: Client<typeof GRPCInferenceService>;
/** What happened, in order. */
let events: string[];

beforeEach(async () => {
  const { root } = await modelFolder({
    'loop/config.pbtxt': 'max_batch_size: 0', // every request runs alone
    'loop/1/model.onnx': loopModel(),
    'double/1/model.onnx': timesModel(2),
  });
  // More runs at once than the machine may have cores: what runs must not hold up the other model.
  service = await startProcess(root, { DRAIN_TIMEOUT_MS: '120000', DEVICE_RUNS: '8' });
  oip = createClient(GRPCInferenceService, service.channel);
  events = [];
  await eventually(async () => (await oip.serverReady({})).ready);
});
afterEach(() => service.end());

const inputOf = (value: number) => ({
  inputs: [{ name: 'x', datatype: 'FP32', shape: [1n, 2n] }],
  rawInputContents: [floats(value, 1)],
});

/** Trips of the loop that take about RUN_MS here and now. */
async function longRun(): Promise<number> {
  const startedMs = performance.now();
  await oip.modelInfer({ modelName: 'loop', ...inputOf(TRIAL_TRIPS) });
  const trips = (TRIAL_TRIPS * RUN_MS) / (performance.now() - startedMs);
  return Math.min(Math.ceil(trips), MOST_TRIPS);
}

async function overHttp(trips: number): Promise<unknown> {
  const x = { name: 'x', datatype: 'FP32', shape: [1, 2], data: [trips, 1] };
  const response = await fetch(`http://127.0.0.1:${service.httpPort}/v2/models/loop/infer`, {
    method: 'POST',
    body: JSON.stringify({ inputs: [x] }),
  });
  const body: unknown = await response.json();
  events.push('HTTP answered');
  return { status: response.status, body };
}

/** A stream of requests whose client never says that these were all. */
async function stream(name: string, ...values: readonly number[]) {
  const requests = async function* () {
    for (const value of values) yield { modelName: 'loop', ...inputOf(value) };
    await service.status;
  };
  const answered: string[] = [];
  try {
    for await (const { errorMessage } of oip.modelStreamInfer(requests())) answered.push(errorMessage);
    return { answered, end: 'OK' };
  } catch (error) {
    events.push(`${name} ended`);
    return { answered, end: (error as { readonly reason: string }).reason };
  }
}

async function watchHealth(): Promise<void> {
  const health = createClient(Health, service.channel);
  for await (const { status } of health.watch({})) events.push(Status[status]);
}

async function pending(): Promise<number> {
  const text = await (await fetch(`http://127.0.0.1:${service.adminPort}/metrics`)).text();
  return Number(/^nv_inference_pending_request_count\{model="loop".*\} (\d+)$/m.exec(text)?.[1]);
}

describe('SIGTERM', () => {
  it('ends readiness, then HTTP, then gRPC, and everything under way is answered', async () => {
    const trips = await longRun();
    const watching = watchHealth().catch(() => undefined);
    await eventually(() => events.at(-1) === 'SERVING');
    const idle = stream('idle stream');
    const unary = Array.from({ length: 2 }, () => oip.modelInfer({ modelName: 'loop', ...inputOf(trips) }));
    // One runs, and the runner has the next: what follows waits for both.
    const queued = unary.length;
    const http = overHttp(trips);
    const busy = stream('busy stream', 10, 20);
    // Where the test fails before, nobody else hears of these.
    for (const call of [http, busy, ...unary]) void Promise.resolve(call).catch(() => undefined);
    await eventually(async () => (await pending()) === 5 - queued);

    service.process.kill('SIGTERM');
    await eventually(() => events.at(-1) === 'NOT_SERVING');
    await eventually(() => isClosed(service.httpPort));
    events.push('HTTP closed');
    expect((await oip.modelInfer({ modelName: 'double', ...inputOf(3) })).outputs).toHaveLength(1);
    events.push('gRPC still answers');

    expect(await http).toMatchObject({ status: 200, body: { outputs: [{ data: [trips, 1] }] } });
    for (const { rawOutputContents } of await Promise.all(unary)) {
      expect(Buffer.from(rawOutputContents[0] ?? [])).toEqual(Buffer.from(floats(trips, 1)));
    }
    expect(await busy).toEqual({ answered: ['', ''], end: 'SHUTTING_DOWN' });
    expect(await idle).toEqual({ answered: [], end: 'SHUTTING_DOWN' });
    expect(await service.status).toBe(0);
    await watching;
    expect(events.slice(events.lastIndexOf('SERVING'), -2)).toEqual([
      'SERVING',
      'NOT_SERVING',
      'HTTP closed',
      'gRPC still answers',
      'HTTP answered',
    ]);
    expect(events.slice(-2).toSorted()).toEqual(['busy stream ended', 'idle stream ended']);
  });
});
