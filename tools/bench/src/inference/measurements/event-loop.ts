import { resultOf } from '../../report/result.ts';
import { Program } from '../../processes/program.ts';
import { image, int8, large, small, trees } from '../benchmark-models.ts';
import type { Bench, Measurement } from '../bench.ts';
import { peakSide, requireAnswers, type Peak } from '../saturation.ts';
import { underLoad } from '../under-load.ts';

const MOST_DELAY_MS = 20;
const QUANTILE = '0.999';
const LIGHT_LOAD_PER_SECOND = 1_000;
const PEAKS: readonly Peak[] = [
  { model: small, rows: 1, connections: 4, streams: 32 },
  { model: large, rows: 32, connections: 4, streams: 4 },
  { model: trees, rows: 1, connections: 4, streams: 32 },
  // 600 kB per request: what the transport does with them is on the serving thread.
  { model: image, rows: 1, connections: 4, streams: 4 },
];
const LOADED = [large, trees, int8, image];

/** Whether the thread that serves gRPC ever waits for a model: while each runs saturated, and while they are loaded. */
export const eventLoop: Measurement = {
  id: 'event-loop',
  title: 'delay of the serving thread while models run and load',
  async measure(bench, progress) {
    const phases: [string, number][] = [];
    for (const [index, peak] of PEAKS.entries()) {
      progress.update(index / (PEAKS.length + 1), peak.model.title);
      phases.push([`${peak.model.title} runs`, await whileRunning(bench, peak)]);
    }
    progress.update(PEAKS.length / (PEAKS.length + 1), 'loading');
    phases.push(['loads', await whileLoading(bench)]);
    const delays = phases.map(([, delayMs]) => delayMs);
    return [
      resultOf({
        id: 'event-loop-delay-p999',
        unit: 'ms',
        sense: 'atMost',
        runs: delays,
        value: Math.max(...delays),
        bar: MOST_DELAY_MS,
        note: phases.map(([phase, delayMs]) => `${phase}: ${delayMs.toFixed(1)}`).join('; '),
      }),
    ];
  },
};

async function whileRunning({ children, plan, service }: Bench, peak: Peak): Promise<number> {
  const side = await peakSide(children, service.server, peak, plan);
  await service.eventLoopDelaySeconds(QUANTILE);
  await side();
  return 1_000 * (await service.eventLoopDelaySeconds(QUANTILE));
}

async function whileLoading({ children, plan, service }: Bench): Promise<number> {
  const load = Program.start(children, new URL('../programs/unary-load.ts', import.meta.url));
  try {
    const target = { address: service.server.address, shape: service.server.shapeOf(small, 1) };
    let delaySeconds = 0;
    const report = await underLoad(load, target, LIGHT_LOAD_PER_SECOND, async () => {
      await service.eventLoopDelaySeconds(QUANTILE);
      const endMs = performance.now() + 1_000 * plan.openSeconds;
      while (performance.now() < endMs) await reload(service.server);
      delaySeconds = await service.eventLoopDelaySeconds(QUANTILE);
    });
    requireAnswers(report.failures);
    return 1_000 * delaySeconds;
  } finally {
    await load.stop();
  }
}

async function reload(server: Bench['service']['server']): Promise<void> {
  for (const model of LOADED) {
    await server.unload(model);
    await server.load(model);
  }
}
