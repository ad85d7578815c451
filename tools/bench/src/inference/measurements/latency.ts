import type { Progress } from '@plumbline/tool-launcher/screen';
import type { Spread } from '../../processes/open-loop.ts';
import { Program } from '../../processes/program.ts';
import { resultOf, type Figure, type Result } from '../../report/result.ts';
import { median } from '../../statistics/quantile.ts';
import { large, small, type BenchmarkModel } from '../benchmark-models.ts';
import { BareLoop } from '../bare-loop.ts';
import { contenders, type Contender, type Measurement } from '../bench.ts';
import { capacityOf, openRound, type OpenRound, type OpenSetting } from '../open-rounds.ts';
import { requireAnswers } from '../saturation.ts';

const PERCENTS = [30, 60, 90] as const;
const QUANTILES = ['p50', 'p99', 'p999'] as const satisfies readonly (keyof Spread)[];
const MILLISECONDS = { unit: 'ms', sense: 'atMost' } as const;

export const smallLatency = latencyOf('small-latency', 'small', small, 3);
/** For information: what the large model can do at all it does in batches, whose runs take longer than one row's. */
export const largeLatency = latencyOf('large-latency', 'large', large);

/** How long callers of one model wait who come when they come, at shares of what the service can do. */
function latencyOf(id: string, name: string, model: BenchmarkModel, mostOverBareMs?: number): Measurement {
  return {
    id,
    title: `${model.title}, one row per request, open loop at ${PERCENTS.join('/')} % of capacity`,
    async measure(bench, progress) {
      const load = Program.start(bench.children, new URL('../programs/unary-load.ts', import.meta.url));
      const bare = new BareLoop(bench.children);
      const setting = { bench, model, load, bare };
      try {
        const capacity = await capacityOf(setting);
        const sides = await contenders(bench, model);
        const rounds = await roundsOf(setting, sides, capacity, progress);
        const note = 'what the load process itself gets through';
        return [
          resultOf({ id: `${name}-capacity`, unit: 'req/s', runs: [capacity], note }),
          ...sides.flatMap(({ prefix }) => waitsOf(`${prefix}${name}`, ownRounds(rounds, prefix), capacity)),
          overBare(name, ownRounds(rounds, ''), mostOverBareMs),
        ];
      } finally {
        await Promise.all([load.stop(), bare.stop()]);
      }
    },
  };
}

async function roundsOf(
  setting: OpenSetting,
  sides: readonly Contender[],
  capacity: number,
  progress: Progress,
): Promise<OpenRound[]> {
  const { openRounds } = setting.bench.plan;
  const rounds: OpenRound[] = [];
  for (let round = 0; round < openRounds; round += 1) {
    for (const percent of PERCENTS) {
      for (const side of sides) {
        progress.update(rounds.length / (openRounds * PERCENTS.length * sides.length), `at ${percent} %`);
        rounds.push(await openRound(setting, side, percent, capacity));
      }
    }
  }
  for (const { failures } of ownRounds(rounds, '')) requireAnswers(failures);
  return rounds;
}

function ownRounds(rounds: readonly OpenRound[], prefix: Contender['prefix']): OpenRound[] {
  return rounds.filter((round) => round.prefix === prefix);
}

function waitsOf(name: string, rounds: readonly OpenRound[], capacity: number): Result[] {
  return PERCENTS.flatMap((percent) => {
    const own = rounds.filter((round) => round.percent === percent);
    return QUANTILES.map((q) => {
      const runs = own.map(({ latencyMs }) => latencyMs[q]);
      const note = q === 'p50' ? noteOf(own, (capacity * percent) / 100) : '';
      return resultOf({ ...MILLISECONDS, id: `${name}-${q}-at-${percent}`, runs, note });
    });
  });
}

function noteOf(rounds: readonly OpenRound[], perSecond: number): string {
  const lateMs = median(rounds.map(({ latenessMs }) => latenessMs.p99));
  const failed = rounds.flatMap(({ failures }) => Object.values(failures)).reduce((sum, n) => sum + n, 0);
  const note = `${Math.round(perSecond)} req/s; sent late by ${lateMs.toFixed(2)} ms (p99)`;
  return failed === 0 ? note : `${note}; ${failed} calls failed`;
}

function overBare(name: string, rounds: readonly OpenRound[], bar: number | undefined): Result {
  const lightest = rounds.filter(({ percent }) => percent === PERCENTS[0]);
  const figure: Figure = {
    ...MILLISECONDS,
    id: `${name}-p99-over-bare-at-${PERCENTS[0]}`,
    runs: lightest.map(({ latencyMs, bareMs }) => latencyMs.p99 - bareMs),
    note: `a bare run of one row takes ${median(lightest.map(({ bareMs }) => bareMs)).toFixed(3)} ms`,
  };
  return resultOf(bar === undefined ? figure : { ...figure, bar });
}
