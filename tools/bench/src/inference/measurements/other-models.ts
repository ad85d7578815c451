import { resultOf, type Result } from '../../report/result.ts';
import { inTurn } from '../../statistics/in-turn.ts';
import { int8, trees, type BenchmarkModel } from '../benchmark-models.ts';
import { contenders, type Bench, type Measurement } from '../bench.ts';
import { peakSide } from '../saturation.ts';

const LOAD = { rows: 1, connections: 4, streams: 32 };

/** Models whose answers may depend on their neighbours in a batch, with what the service found out about them. */
export const otherModels: Measurement = {
  id: 'models',
  title: 'trees and int8, one row per request, 128 in flight',
  async measure(bench, progress) {
    const results: Result[] = [];
    for (const [index, model] of [trees, int8].entries()) {
      progress.update(index / 2, model.title);
      results.push(...(await measureModel(bench, model)));
    }
    return results;
  },
};

async function measureModel(bench: Bench, model: BenchmarkModel): Promise<Result[]> {
  const sides = await contenders(bench, model);
  const peaks = [];
  for (const { server } of sides)
    peaks.push(await peakSide(bench.children, server, { ...LOAD, model }, bench.plan));
  const figures = await inTurn(peaks, bench.plan.rounds);
  const note = `${model.title}; ${await invarianceOf(bench, model)}`;
  return sides.map(({ prefix }, index) =>
    resultOf({
      id: `${prefix}${model.name.replace('bench_', '')}-rows`,
      unit: 'rows/s',
      runs: figures[index] as number[],
      ...(prefix === '' ? { note } : {}),
    }),
  );
}

async function invarianceOf({ service }: Bench, model: BenchmarkModel): Promise<string> {
  const { invariance = 'class of invariance unknown', invariance_difference: difference } =
    await service.server.properties(model);
  return difference === undefined ? invariance : `${invariance} by ${difference}`;
}
