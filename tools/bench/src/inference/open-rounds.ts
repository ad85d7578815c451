import type { Failures } from '../processes/closed-loop.ts';
import type { OpenLoopReport, Spread } from '../processes/open-loop.ts';
import type { Program } from '../processes/program.ts';
import { median } from '../statistics/quantile.ts';
import type { BareLoop } from './bare-loop.ts';
import type { BenchmarkModel } from './benchmark-models.ts';
import type { Bench, Contender } from './bench.ts';
import type { LoadQuestion } from './programs/load-questions.ts';
import { programSide } from './saturation.ts';

const IN_FLIGHT = 128;
const BARE_SECONDS = 1;

/** What open-loop measurements of a model work with. */
export interface OpenSetting {
  readonly bench: Bench;
  readonly model: BenchmarkModel;
  /** programs/unary-load.ts */
  readonly load: Program;
  readonly bare: BareLoop;
}

/** One server at one rate for one stretch of time. */
export interface OpenRound {
  readonly prefix: Contender['prefix'];
  /** Rate as a share of our service's capacity. */
  readonly percent: number;
  readonly latencyMs: Spread;
  readonly latenessMs: Spread;
  readonly failures: Failures;
  /** Of a run of one row with nothing around it, the median, right before. */
  readonly bareMs: number;
}

/** Requests a second that the load process itself gets through, one row each. */
export async function capacityOf({ bench, model, load }: OpenSetting): Promise<number> {
  const { service, plan } = bench;
  const side = await programSide(load, service.server, { model, rows: 1, inFlight: IN_FLIGHT }, plan);
  return median([await side(), await side(), await side()]);
}

export async function openRound(
  setting: OpenSetting,
  { server, prefix }: Contender,
  percent: number,
  capacity: number,
): Promise<OpenRound> {
  const { bench, model, load } = setting;
  const target = { address: server.address, shape: server.shapeOf(model, 1) };
  const perSecond = (capacity * percent) / 100;
  const run = (seconds: number) =>
    load.ask<OpenLoopReport>({ kind: 'open', perSecond, seconds, ...target } satisfies LoadQuestion);
  const bareMs = await bareMedianMs(setting);
  await run(bench.plan.warmSeconds);
  const { latencyMs, latenessMs, failures } = await run(bench.plan.openSeconds);
  return { prefix, percent, latencyMs, latenessMs, failures, bareMs };
}

async function bareMedianMs({ bench, model, bare }: OpenSetting): Promise<number> {
  return (await bare.run(bench.repository, model, { rows: 1, seconds: BARE_SECONDS })).p50Ms;
}
