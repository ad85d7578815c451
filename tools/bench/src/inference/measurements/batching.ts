import { resultOf } from '../../report/result.ts';
import { inTurn, ratios, type Side } from '../../statistics/in-turn.ts';
import { large, largeUnbatched } from '../benchmark-models.ts';
import { contenders, type Measurement } from '../bench.ts';
import { peakSide } from '../saturation.ts';

const LEAST_GAIN = 3;
const LOAD = { rows: 1, connections: 4, streams: 16 };

/** What gathering requests is worth: the same model on the same server, once with batches and once without. */
export const batching: Measurement = {
  id: 'batching',
  title: `${large.title}, one row per request, 64 in flight, with and without batches`,
  async measure(bench, progress) {
    const { children, plan, service } = bench;
    const [, peer] = await contenders(bench, large);
    const sides: Side[] = [
      await peakSide(children, service.server, { ...LOAD, model: large }, plan),
      await peakSide(children, service.server, { ...LOAD, model: largeUnbatched }, plan),
    ];
    if (peer !== undefined)
      sides.push(await peakSide(children, peer.server, { ...LOAD, model: large }, plan));
    const figures = await inTurn(sides, plan.rounds, (done) => progress.update(done / plan.rounds));
    const [batched = [], alone = [], peers] = figures;
    const unit = 'rows/s';
    return [
      resultOf({ id: 'large-single', unit, runs: batched, note: 'one row per request' }),
      resultOf({ id: 'large-single-unbatched', unit, runs: alone }),
      resultOf({ id: 'large-batching-gain', unit: '×', runs: ratios(batched, alone), bar: LEAST_GAIN }),
      ...(peers === undefined ? [] : [resultOf({ id: 'peer-large-single', unit, runs: peers })]),
    ];
  },
};
