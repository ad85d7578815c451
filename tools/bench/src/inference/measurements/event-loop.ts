import type { Progress } from '@plumbline/tool-launcher/screen';
import { resultOf, type Result } from '../../report/result.ts';
import { Program } from '../../processes/program.ts';
import {
  heavy,
  image,
  imageApart,
  int8,
  large,
  small,
  smallApart,
  trees,
  type BenchmarkModel,
} from '../benchmark-models.ts';
import type { Bench, Measurement } from '../bench.ts';
import { removeModel, writeRepository } from '../model-repository.ts';
import type { LoadQuestion } from '../programs/load-questions.ts';
import { peakSide, requireAnswers, type Peak } from '../saturation.ts';
import { underLoad } from '../under-load.ts';

const MOST_DELAY_MS = 20;
const QUANTILE = '0.999';
const LIGHT_LOAD_PER_SECOND = 1_000;
const LEAST_LOADS = 2;
const WARM_UP = { inFlight: 16, requests: 1_000 };
const PEAKS: readonly Peak[] = [
  { model: small, rows: 1, connections: 4, streams: 32 },
  { model: large, rows: 32, connections: 4, streams: 4 },
  { model: trees, rows: 1, connections: 4, streams: 32 },
  { model: int8, rows: 1, connections: 4, streams: 32 },
  // 600 kB per request: what the transport does with them is on the serving thread.
  { model: image, rows: 1, connections: 4, streams: 4 },
  // The serving thread also passes tensors to the process and back.
  { model: smallApart, rows: 1, connections: 4, streams: 32 },
  { model: imageApart, rows: 1, connections: 4, streams: 4 },
];
const LOADED = [large, trees, int8, image, smallApart, heavy];
/** Models that no other measurement has. */
const OWN = [smallApart, imageApart, heavy];

/** One model that runs or is loaded, and how the serving thread fared meanwhile. */
interface Case {
  readonly id: string;
  readonly title: string;
  readonly measure: (bench: Bench) => Promise<number>;
}

/** Whether the thread that serves gRPC ever waits for a model: while each runs saturated, and while each is loaded. */
export const eventLoop: Measurement = {
  id: 'event-loop',
  title: 'delay of the serving thread while models run and load',
  async measure(bench, progress) {
    writeRepository(bench.repository, OWN);
    try {
      return await measureCases(bench, progress);
    } finally {
      for (const model of OWN) removeModel(bench.repository, model);
    }
  },
};

async function measureCases(bench: Bench, progress: Progress): Promise<Result[]> {
  const cases = [...PEAKS.map(runningCase), ...LOADED.map(loadingCase)];
  const results: Result[] = [];
  for (const [index, { id, title, measure }] of cases.entries()) {
    progress.update(index / cases.length, title);
    const runs = [await measure(bench)];
    results.push(resultOf({ id: `event-loop-${id}`, unit: 'ms', sense: 'atMost', runs, note: title }));
  }
  return [...results, worstOf(results)];
}

function worstOf(cases: readonly Result[]): Result {
  const runs = cases.flatMap((each) => each.runs);
  const value = Math.max(...runs);
  return resultOf({
    id: 'event-loop-delay-p999',
    unit: 'ms',
    sense: 'atMost',
    runs,
    value,
    bar: MOST_DELAY_MS,
    note: cases.find((each) => each.runs.includes(value))?.note ?? '',
  });
}

function runningCase(peak: Peak): Case {
  const { model } = peak;
  return {
    id: `${idOf(model)}-runs`,
    title: `${model.title} runs`,
    measure: (bench) => whileHeld(bench, model, () => whileRunning(bench, peak)),
  };
}

function loadingCase(model: BenchmarkModel): Case {
  return {
    id: `${idOf(model)}-loads`,
    title: `${model.title} loads`,
    measure: (bench) => whileHeld(bench, model, () => whileLoading(bench, model)),
  };
}

function idOf({ name }: BenchmarkModel): string {
  return name.replace('bench_', '').replaceAll('_', '-');
}

/** Loads the model for as long as the work takes, unless the service has it anyway. */
async function whileHeld(
  { service: { server } }: Bench,
  model: BenchmarkModel,
  work: () => Promise<number>,
): Promise<number> {
  if (!OWN.includes(model)) return work();
  await server.load(model);
  try {
    return await work();
  } finally {
    await server.unload(model);
  }
}

async function whileRunning({ children, plan, service }: Bench, peak: Peak): Promise<number> {
  const side = await peakSide(children, service.server, peak, plan);
  await service.eventLoopDelaySeconds(QUANTILE);
  // A single round has too few samples for this quantile.
  for (let round = 0; round < plan.openRounds; round += 1) await side();
  return 1_000 * (await service.eventLoopDelaySeconds(QUANTILE));
}

/** While callers of the small model come and the other is unloaded and loaded over and over. */
async function whileLoading({ children, plan, service }: Bench, model: BenchmarkModel): Promise<number> {
  const { server } = service;
  const load = Program.start(children, new URL('../programs/unary-load.ts', import.meta.url));
  try {
    const target = { address: server.address, shape: server.shapeOf(small, 1) };
    // The process is up and its connections are warm before anything is measured.
    await load.ask({ kind: 'closed', ...target, ...WARM_UP } satisfies LoadQuestion);
    let delaySeconds = 0;
    const report = await underLoad(load, target, LIGHT_LOAD_PER_SECOND, async () => {
      await service.eventLoopDelaySeconds(QUANTILE);
      const endMs = performance.now() + 1_000 * plan.loadSeconds;
      for (let loads = 0; loads < LEAST_LOADS || performance.now() < endMs; loads += 1) {
        await server.unload(model);
        await server.load(model);
      }
      delaySeconds = await service.eventLoopDelaySeconds(QUANTILE);
    });
    requireAnswers(report.failures);
    return 1_000 * delaySeconds;
  } finally {
    await load.stop();
  }
}
