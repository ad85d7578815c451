import type { Progress } from '@plumbline/tool-launcher/screen';
import { temporaryFolder } from '../../processes/temporary-folder.ts';
import { failedResult, resultOf, type Result } from '../../report/result.ts';
import { inTurn, ratios, type Side } from '../../statistics/in-turn.ts';
import { relativeDifference } from '../../statistics/relative-difference.ts';
import { BareLoop } from '../bare-loop.ts';
import { gpuModels, small, type BenchmarkModel } from '../benchmark-models.ts';
import { contenders, type Bench, type Contender, type Measurement } from '../bench.ts';
import { writeRepository } from '../model-repository.ts';
import { peakSide, type Peak } from '../saturation.ts';
import { startService } from '../service.ts';

const DEFAULT_DEVICE = 'cuda:0';
/** TF32, which CUDA multiplies FP32 in by default, keeps ten bits of a factor: a thousandth an operator. */
const MOST_DIFFERENCE = 0.01;
const COMPARED_ROWS = 4;
const PROBE_SECONDS = 0.01;
/** From the lightest. */
const LOADS: readonly Omit<Peak, 'model'>[] = [
  { rows: 1, connections: 1, streams: 1 },
  { rows: 1, connections: 4, streams: 4 },
  { rows: 1, connections: 4, streams: 16 },
  { rows: 8, connections: 4, streams: 2 },
];

/** A device under measurement; the service of `bench` has its models there and nowhere else. */
interface Setting {
  readonly bench: Bench;
  readonly bare: BareLoop;
  readonly device: string;
}

/** What is left of a device's speed once requests come over the network, and whether its answers are right. */
export const gpuModelsOnDevices: Measurement = {
  id: 'gpu-models',
  title: `${gpuModels.map(({ title }) => title).join(' and ')} on each of --providers`,
  leaveOut: (bench) =>
    bench.devices === undefined
      ? withBareLoop(bench, (bare) => unavailability(bench, bare, DEFAULT_DEVICE))
      : Promise.resolve(undefined),
  measure: (bench, progress) =>
    withBareLoop(bench, async (bare) => {
      const results: Result[] = [];
      for (const device of bench.devices ?? [DEFAULT_DEVICE]) {
        results.push(...(await measureDevice({ bench, bare, device }, progress)));
      }
      return results;
    }),
};

async function withBareLoop<T>({ children }: Bench, work: (bare: BareLoop) => Promise<T>): Promise<T> {
  const bare = new BareLoop(children);
  try {
    return await work(bare);
  } finally {
    await bare.stop();
  }
}

/** Why ONNX Runtime has no session on the device; undefined where it has. */
function unavailability({ repository }: Bench, bare: BareLoop, device: string): Promise<string | undefined> {
  return bare.run(repository, small, { rows: 1, seconds: PROBE_SECONDS, device }).then(
    () => undefined,
    (error: Error) => `${device} is unavailable: ${error.message}`,
  );
}

async function measureDevice({ bench, bare, device }: Setting, progress: Progress): Promise<Result[]> {
  const problem = await unavailability(bench, bare, device);
  if (problem !== undefined) return [failedResult(`gpu-models-${labelOf(device)}`, problem)];
  const folder = temporaryFolder('bench-gpu');
  try {
    writeRepository(folder.path, gpuModels, device);
    const names = gpuModels.map(({ name }) => name);
    const service = await startService(bench.children, folder.path, names, [device]);
    try {
      const own = { ...bench, service, repository: folder.path };
      return await measureModels({ bench: own, bare, device }, progress);
    } finally {
      await service.close();
    }
  } finally {
    folder.remove();
  }
}

async function measureModels(setting: Setting, progress: Progress): Promise<Result[]> {
  const results: Result[] = [];
  for (const model of gpuModels) {
    results.push(await differenceOf(setting, model));
    for (const load of LOADS.slice(0, setting.bench.plan.gpuLoads)) {
      progress.update(0, `${model.title} on ${setting.device}, ${shownLoad(load)}`);
      results.push(...(await throughputOf(setting, { model, ...load })));
    }
  }
  return results;
}

/** What the service answers from the device against what ONNX Runtime alone answers on the CPU. */
async function differenceOf({ bench, bare, device }: Setting, model: BenchmarkModel): Promise<Result> {
  const expected = await bare.answer(bench.repository, model, COMPARED_ROWS);
  const answered = await bench.service.server.answer(model, COMPARED_ROWS);
  return resultOf({
    id: `${idOf(model, device)}-difference`,
    unit: '',
    sense: 'atMost',
    runs: [relativeDifference(answered, expected)],
    bar: MOST_DIFFERENCE,
    note: 'largest difference from the CPU’s answers over the largest of them',
  });
}

async function throughputOf({ bench, bare, device }: Setting, peak: Peak): Promise<Result[]> {
  const { children, plan, repository } = bench;
  const rows = Math.min(peak.rows * peak.connections * peak.streams, peak.model.maxBatchRows);
  const batch = { rows, seconds: plan.roundSeconds, device };
  const sides: Side[] = [async () => (await bare.run(repository, peak.model, batch)).rowsPerSecond];
  const servers = await contenders(bench, peak.model);
  for (const { server } of servers) {
    const side = await peakSide(children, server, peak, plan);
    sides.push(async () => peak.rows * (await side()));
  }
  const [alone = [], ...served] = await inTurn(sides, plan.rounds);
  const id = `${idOf(peak.model, device)}-${peak.rows}x${peak.connections * peak.streams}`;
  const note = `bare loop, batches of ${rows}`;
  return [
    resultOf({ id: `${id}-bare`, unit: 'rows/s', runs: alone, note }),
    ...servedOf(id, peak, alone, servers, served),
  ];
}

function servedOf(
  id: string,
  peak: Peak,
  alone: readonly number[],
  servers: readonly Contender[],
  served: readonly number[][],
): Result[] {
  return servers.flatMap(({ prefix }, index) => {
    const runs = served[index] as number[];
    const rate = resultOf({ id: `${prefix}${id}`, unit: 'rows/s', runs, note: shownLoad(peak) });
    return [rate, resultOf({ id: `${prefix}${id}-over-bare`, unit: '×', runs: ratios(runs, alone) })];
  });
}

function shownLoad({ rows, connections, streams }: Omit<Peak, 'model'>): string {
  return `${rows} ${rows === 1 ? 'row' : 'rows'} per request, ${connections * streams} in flight`;
}

function idOf({ name }: BenchmarkModel, device: string): string {
  return `${name.replace('bench_', '')}-${labelOf(device)}`;
}

function labelOf(device: string): string {
  return device.replace(':', '');
}
