import { setTimeout as delay } from 'node:timers/promises';
import type { Progress } from '@plumbline/tool-launcher/screen';
import { resultOf } from '../../report/result.ts';
import { median } from '../../statistics/quantile.ts';
import { small } from '../benchmark-models.ts';
import type { Measurement } from '../bench.ts';
import { startService, type Service } from '../service.ts';

const MOST_GROWTH = 1.5;
const READINGS = 5;
const BETWEEN_READINGS_MS = 500;

/** What a model leaves behind when it goes, on a service that holds nothing else. */
export const loadCycles: Measurement = {
  id: 'cycles',
  title: `${small.title} loaded, asked once and unloaded, over and over`,
  async measure({ children, plan, repository }, progress) {
    const service = await startService(children, repository, []);
    try {
      const startMs = performance.now();
      await cycle(service, 0, plan.firstCycles, plan.cycles, progress);
      const first = await memoryMib(service);
      await cycle(service, plan.firstCycles, plan.cycles, plan.cycles, progress);
      const seconds = (performance.now() - startMs) / 1_000;
      const last = await memoryMib(service);
      return [
        resultOf({
          id: 'cycle-memory-growth',
          unit: '×',
          runs: [last / first],
          sense: 'atMost',
          bar: MOST_GROWTH,
          note: `${Math.round(first)} MiB after ${plan.firstCycles}, ${Math.round(last)} MiB after ${plan.cycles} cycles`,
        }),
        resultOf({ id: 'cycles', unit: '1/s', runs: [plan.cycles / seconds] }),
      ];
    } finally {
      await service.close();
    }
  },
};

async function cycle(
  { server }: Service,
  from: number,
  to: number,
  total: number,
  progress: Progress,
): Promise<void> {
  for (let done = from; done < to; done += 1) {
    await server.load(small);
    await server.infer(small);
    await server.unload(small);
    progress.update(done / total, `${done} of ${total}`);
  }
}

async function memoryMib(service: Service): Promise<number> {
  const readings: number[] = [];
  for (let reading = 0; reading < READINGS; reading += 1) {
    await delay(BETWEEN_READINGS_MS);
    readings.push(service.memoryBytes() / 2 ** 20);
  }
  return median(readings);
}
