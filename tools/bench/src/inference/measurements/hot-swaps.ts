import type { Progress } from '@plumbline/tool-launcher/screen';
import { BenchError } from '../../bench-error.ts';
import type { OpenLoopReport } from '../../processes/open-loop.ts';
import { Program } from '../../processes/program.ts';
import { resultOf, type Result } from '../../report/result.ts';
import { swapped } from '../benchmark-models.ts';
import type { Bench, Measurement } from '../bench.ts';
import { removeVersion, writeVersion } from '../model-repository.ts';
import { programSide } from '../saturation.ts';
import { underLoad } from '../under-load.ts';

const SHARE_OF_CAPACITY = 0.3;
const IN_FLIGHT = 128;

/** Versions that follow each other while callers go on calling. */
export const hotSwaps: Measurement = {
  id: 'swaps',
  title: 'new versions of a model under load, one after the other',
  async measure(bench, progress) {
    const load = Program.start(bench.children, new URL('../programs/unary-load.ts', import.meta.url));
    try {
      return await swapUnderLoad(bench, load, progress);
    } finally {
      await load.stop();
    }
  },
};

async function swapUnderLoad(bench: Bench, load: Program, progress: Progress): Promise<Result[]> {
  const { server } = bench.service;
  const capacity = await programSide(
    load,
    server,
    { model: swapped, rows: 1, inFlight: IN_FLIGHT },
    bench.plan,
  );
  const perSecond = SHARE_OF_CAPACITY * (await capacity());
  const target = { address: server.address, shape: server.shapeOf(swapped, 1) };
  const startMs = performance.now();
  const report = await underLoad(load, target, perSecond, () => swapAll(bench, progress));
  return resultsOf(bench, report, (performance.now() - startMs) / 1_000);
}

async function swapAll({ plan, repository, service }: Bench, progress: Progress): Promise<void> {
  for (let version = 2; version <= plan.swaps + 1; version += 1) {
    writeVersion(repository, swapped.name, version, swapped.bytes(version));
    await service.server.load(swapped);
    const serving = await service.server.versions(swapped);
    if (serving.join() !== String(version)) {
      throw new BenchError(`after the load of version ${version} the service has ${serving.join(', ')}`);
    }
    removeVersion(repository, swapped.name, version - 1);
    progress.update((version - 1) / plan.swaps, `${version - 1} of ${plan.swaps}`);
  }
}

function resultsOf(
  { plan }: Bench,
  { sent, failures, latencyMs }: OpenLoopReport,
  seconds: number,
): Result[] {
  const failed = Object.values(failures).reduce((sum, count) => sum + count, 0);
  const kinds = Object.entries(failures).map(([status, count]) => `, ${count} with gRPC status ${status}`);
  return [
    resultOf({
      id: 'swap-failures',
      unit: 'requests',
      runs: [failed],
      sense: 'atMost',
      bar: 0,
      note: `${plan.swaps} swaps, ${sent} requests${kinds.join('')}`,
    }),
    resultOf({ id: 'swaps', unit: '1/s', runs: [plan.swaps / seconds] }),
    resultOf({ id: 'p99-while-swapping', unit: 'ms', sense: 'atMost', runs: [latencyMs.p99] }),
  ];
}
