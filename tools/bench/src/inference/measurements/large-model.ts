import type { Progress } from '@plumbline/tool-launcher/screen';
import { resultOf, type Result } from '../../report/result.ts';
import { inTurn, ratios, type Side } from '../../statistics/in-turn.ts';
import { large } from '../benchmark-models.ts';
import { BareLoop } from '../bare-loop.ts';
import { contenders, type Bench, type Measurement } from '../bench.ts';
import { bestBatch } from '../best-batch.ts';
import { peakSide, type Peak } from '../saturation.ts';

const PEAK: Peak = { model: large, rows: 32, connections: 4, streams: 4 };
const LEAST_OF_BARE = 0.9;
const BATCH_ROWS = [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1_024] as const;

/** How much of the engine's own speed is left once requests come over the network. */
export const largeModel: Measurement = {
  id: 'large',
  title: `${large.title}, 32 rows per request, 16 in flight`,
  async measure(bench, progress) {
    const bare = new BareLoop(bench.children);
    try {
      return await compare(bench, bare, progress);
    } finally {
      await bare.stop();
    }
  },
};

async function compare(bench: Bench, bare: BareLoop, progress: Progress): Promise<Result[]> {
  const { children, plan, repository } = bench;
  const rate = async (rows: number, seconds: number): Promise<number> =>
    (await bare.run(repository, large, { rows, seconds })).rowsPerSecond;
  const bestRows = await bestBatch((rows) => rate(rows, plan.trialSeconds), BATCH_ROWS, plan.trials);
  progress.update(0, `best batch of the bare loop: ${bestRows} rows`);
  const sides: Side[] = [() => rate(bestRows, plan.roundSeconds)];
  for (const { server } of await contenders(bench, large)) {
    sides.push(inRows(await peakSide(children, server, PEAK, plan)));
  }
  const figures = await inTurn(sides, plan.rounds, (done) => progress.update(done / plan.rounds));
  return resultsOf(figures, bestRows);
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
