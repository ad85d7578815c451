import { join } from 'node:path';
import type { Progress } from '@plumbline/tool-launcher/screen';
import { Program } from '../../processes/program.ts';
import { resultOf, type Result } from '../../report/result.ts';
import { inTurn, ratios, type Side } from '../../statistics/in-turn.ts';
import { large } from '../benchmark-models.ts';
import { contenders, type Bench, type Measurement } from '../bench.ts';
import type { BareRun, BareRunReport } from '../programs/bare-run.ts';
import { peakSide, type Peak } from '../saturation.ts';

const PEAK: Peak = { model: large, rows: 32, connections: 4, streams: 4 };
const LEAST_OF_BARE = 0.9;
const BATCH_ROWS = [1, 2, 4, 8, 16, 32, 64, 128, 256];

/** How much of the engine's own speed is left once requests come over the network. */
export const largeModel: Measurement = {
  id: 'large',
  title: `${large.title}, 32 rows per request, 16 in flight`,
  async measure(bench, progress) {
    const bare = Program.start(bench.children, new URL('../programs/bare-run.ts', import.meta.url));
    try {
      return await compare(bench, bare, progress);
    } finally {
      await bare.stop();
    }
  },
};

async function compare(bench: Bench, bare: Program, progress: Progress): Promise<Result[]> {
  const { children, plan } = bench;
  const run = (rows: number, seconds: number) => rowsPerSecond(bench, bare, rows, seconds);
  const bestRows = await bestBatch((rows) => run(rows, plan.warmSeconds / 3));
  progress.update(0, `best batch of the bare loop: ${bestRows} rows`);
  const sides: Side[] = [() => run(bestRows, plan.roundSeconds)];
  for (const { server } of await contenders(bench, large)) {
    sides.push(inRows(await peakSide(children, server, PEAK, plan)));
  }
  const figures = await inTurn(sides, plan.rounds, (done) => progress.update(done / plan.rounds));
  return resultsOf(figures, bestRows);
}

/** The batch size that the bare loop is fastest at. */
async function bestBatch(rate: (rows: number) => Promise<number>): Promise<number> {
  await rate(1); // the first run also opens the session
  const rates: [number, number][] = [];
  for (const rows of BATCH_ROWS) rates.push([rows, await rate(rows)]);
  return rates.reduce((best, each) => (each[1] > best[1] ? each : best))[0];
}

async function rowsPerSecond(bench: Bench, bare: Program, rows: number, seconds: number): Promise<number> {
  const modelFile = join(bench.repository, large.name, '1', 'model.onnx');
  const question: BareRun = { modelFile, features: large.features, rows, seconds };
  return (await bare.ask<BareRunReport>(question)).rowsPerSecond;
}

function inRows(side: Side): Side {
  return async () => PEAK.rows * (await side());
}

function resultsOf([bare = [], ours = [], peer]: readonly number[][], bestRows: number): Result[] {
  const unit = 'rows/s';
  const results = [
    resultOf({ id: 'large-bare', unit, runs: bare, note: `onnxruntime-node loop, batches of ${bestRows}` }),
    resultOf({ id: 'large-rows', unit, runs: ours }),
    resultOf({ id: 'large-rows-over-bare', unit: '×', runs: ratios(ours, bare), bar: LEAST_OF_BARE }),
  ];
  if (peer === undefined) return results;
  return [
    ...results,
    resultOf({ id: 'peer-large-rows', unit, runs: peer }),
    resultOf({ id: 'large-rows-over-peer', unit: '×', runs: ratios(ours, peer) }),
  ];
}
