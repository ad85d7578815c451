import { join } from 'node:path';
import type { Progress } from '@plumbline/tool-launcher/screen';
import type { OpenLoopReport, Spread } from '../../processes/open-loop.ts';
import { Program } from '../../processes/program.ts';
import { resultOf, type Result } from '../../report/result.ts';
import { median } from '../../statistics/quantile.ts';
import { small, type BenchmarkModel } from '../benchmark-models.ts';
import { contenders, type Bench, type Contender, type Measurement } from '../bench.ts';
import type { BareRun, BareRunReport } from '../programs/bare-run.ts';
import type { LoadQuestion } from '../programs/load-questions.ts';
import { programSide, requireAnswers } from '../saturation.ts';

const PERCENTS = [30, 60, 90];
const IN_FLIGHT = 128;
const BARE_SECONDS = 1;
const MOST_OVER_BARE_MS = 3;
const QUANTILES = ['p50', 'p99', 'p999'] as const satisfies readonly (keyof Spread)[];

/** One round at one rate. */
interface Round {
  readonly percent: number;
  readonly latencyMs: Spread;
  readonly latenessMs: Spread;
  /** Of a run of one row with nothing around it, the median, in the same round. */
  readonly bareMs: number;
}

/** How long callers wait who come when they come, at shares of what the service can do. */
export const latency: Measurement = {
  id: 'latency',
  title: `${small.title}, open loop at ${PERCENTS.join('/')} % of capacity`,
  async measure(bench, progress) {
    const load = Program.start(bench.children, new URL('../programs/unary-load.ts', import.meta.url));
    const bare = Program.start(bench.children, new URL('../programs/bare-run.ts', import.meta.url));
    try {
      return await measureModel(bench, small, load, bare, progress);
    } finally {
      await Promise.all([load.stop(), bare.stop()]);
    }
  },
};

async function measureModel(
  bench: Bench,
  model: BenchmarkModel,
  load: Program,
  bare: Program,
  progress: Progress,
): Promise<Result[]> {
  const capacity = await capacityOf(bench, model, load);
  const results = [
    resultOf({
      id: 'capacity',
      unit: 'req/s',
      runs: [capacity],
      note: 'what the load process itself gets through',
    }),
  ];
  for (const contender of await contenders(bench, model)) {
    const rounds: Round[] = [];
    for (let round = 0; round < bench.plan.openRounds; round += 1) {
      for (const percent of PERCENTS) {
        progress.update(rounds.length / (bench.plan.openRounds * PERCENTS.length), `${percent} %`);
        const bareMs = await bareMedianMs(bench, model, bare);
        const perSecond = (capacity * percent) / 100;
        const { latencyMs, latenessMs } = await openRound(bench, contender, model, load, perSecond);
        rounds.push({ percent, latencyMs, latenessMs, bareMs });
      }
    }
    results.push(...resultsOf(contender, rounds, capacity));
  }
  return results;
}

async function capacityOf({ plan, service }: Bench, model: BenchmarkModel, load: Program): Promise<number> {
  const side = await programSide(load, service.server, { model, rows: 1, inFlight: IN_FLIGHT }, plan);
  return median([await side(), await side(), await side()]);
}

async function openRound(
  { plan }: Bench,
  { server }: Contender,
  model: BenchmarkModel,
  load: Program,
  perSecond: number,
): Promise<OpenLoopReport> {
  const target = { address: server.address, shape: server.shapeOf(model, 1) };
  const run = (seconds: number) =>
    load.ask<OpenLoopReport>({ kind: 'open', perSecond, seconds, ...target } satisfies LoadQuestion);
  await run(plan.warmSeconds);
  const report = await run(plan.openSeconds);
  requireAnswers(report.failures);
  return report;
}

async function bareMedianMs({ repository }: Bench, model: BenchmarkModel, bare: Program): Promise<number> {
  const modelFile = join(repository, model.name, '1', 'model.onnx');
  const question: BareRun = { modelFile, features: model.features, rows: 1, seconds: BARE_SECONDS };
  return (await bare.ask<BareRunReport>(question)).p50Ms;
}

function resultsOf({ prefix }: Contender, rounds: readonly Round[], capacity: number): Result[] {
  const results = PERCENTS.flatMap((percent) => {
    const own = rounds.filter((round) => round.percent === percent);
    const late = median(own.map(({ latenessMs }) => latenessMs.p99));
    return QUANTILES.map((q) =>
      resultOf({
        id: `${prefix}${q}-at-${percent}`,
        unit: 'ms',
        sense: 'atMost',
        runs: own.map(({ latencyMs }) => latencyMs[q]),
        note:
          q === 'p50'
            ? `${Math.round((capacity * percent) / 100)} req/s; sent late by ${late.toFixed(2)} ms (p99)`
            : '',
      }),
    );
  });
  const lightest = rounds.filter(({ percent }) => percent === PERCENTS[0]);
  const overBare = resultOf({
    id: `${prefix}p99-over-bare-at-${PERCENTS[0]}`,
    unit: 'ms',
    sense: 'atMost',
    runs: lightest.map(({ latencyMs, bareMs }) => latencyMs.p99 - bareMs),
    ...(prefix === '' ? { bar: MOST_OVER_BARE_MS } : {}),
    note: `a bare run of one row takes ${median(lightest.map(({ bareMs }) => bareMs)).toFixed(3)} ms`,
  });
  return [...results, overBare];
}
