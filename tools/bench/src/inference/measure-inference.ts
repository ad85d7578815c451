import type { Screen } from '@plumbline/tool-launcher/screen';
import { ServiceError } from '@plumbline/errors';
import { BenchError } from '../bench-error.ts';
import type { Options } from '../options.ts';
import { isLoopback, type PeerOptions } from '../parse-peer.ts';
import { Children } from '../processes/children.ts';
import { requireH2load } from '../processes/h2load.ts';
import { temporaryFolder } from '../processes/temporary-folder.ts';
import { failedResult, resultOf, type Result } from '../report/result.ts';
import { judgementsOf } from '../report/table.ts';
import type { Bench, Measurement } from './bench.ts';
import { benchmarkModels, gpuModels } from './benchmark-models.ts';
import { measurements } from './measurements/index.ts';
import { writeRepository } from './model-repository.ts';
import { OipServer } from './oip-server.ts';
import { FULL, QUICK } from './plan.ts';
import { startService, type Service } from './service.ts';

/** Measures the inference service in a process of its own, and the peer where there is one. @throws BenchError */
export async function measureInference(options: Options, screen: Screen): Promise<Result[]> {
  const children = await Children.start();
  const repository = temporaryFolder('bench');
  try {
    await requireH2load(children);
    writeRepository(repository.path, benchmarkModels);
    return await measureOver(repository.path, children, options, screen);
  } finally {
    await children.close();
    repository.remove();
  }
}

async function measureOver(
  repository: string,
  children: Children,
  { only, quick, peer: peerOptions, devices }: Options,
  screen: Screen,
): Promise<Result[]> {
  const peer = peerOptions && (await peerOf(peerOptions, screen));
  const names = benchmarkModels.map(({ name }) => name);
  const service = await startService(children, repository, names);
  const bench: Bench = { plan: quick ? QUICK : FULL, children, service, repository, peer, devices };
  const results: Result[] = [];
  try {
    for (const measurement of measurements.filter(({ id }) => only.length === 0 || only.includes(id))) {
      if (only.length === 0 && (await isLeftOut(measurement, bench, screen))) continue;
      results.push(...(await measureOne(measurement, bench, screen)));
      const ended = service.ended();
      if (ended !== undefined) return [...results, failedResult('service', ended)];
    }
    return [...results, memoryPeak(service)];
  } finally {
    peer?.close();
    await service.close();
  }
}

async function isLeftOut(measurement: Measurement, bench: Bench, screen: Screen): Promise<boolean> {
  const reason = await measurement.leaveOut?.(bench);
  if (reason !== undefined) screen.say(`${measurement.id} is left out: ${reason}`);
  return reason !== undefined;
}

function memoryPeak(service: Service): Result {
  const note = 'resident, of the serving process (VmHWM), over all of these measurements';
  const runs = [service.peakBytes() / 2 ** 20];
  return resultOf({ id: 'memory-peak', unit: 'MiB', sense: 'atMost', runs, note });
}

/** @throws BenchError where it does not answer or holds no model to measure it with */
async function peerOf({ address, models: peerNames }: PeerOptions, screen: Screen): Promise<OipServer> {
  const peer = new OipServer(address, peerNames);
  try {
    const models = [...benchmarkModels, ...gpuModels];
    const held = await Promise.all(models.map((model) => peer.holds(model)));
    const names = models.filter((_, index) => held[index]).map(({ name }) => name);
    if (names.length === 0) throw new BenchError(`the peer ${address} holds none of the models: see --help`);
    screen.say(`The peer ${address} holds ${names.join(', ')}.`);
    if (!isLoopback(address)) screen.say('It is reached over a network, which is measured with it.');
    return peer;
  } catch (error) {
    peer.close();
    throw error instanceof ServiceError ? new BenchError(`the peer ${address}: ${error.message}`) : error;
  }
}

/** A measurement that cannot be made is a figure that failed; the others are still made. */
async function measureOne(measurement: Measurement, bench: Bench, screen: Screen): Promise<Result[]> {
  const progress = screen.progress(measurement.id);
  const startMs = performance.now();
  try {
    progress.update(0, measurement.title);
    const results = await measurement.measure(bench, progress);
    progress.done(`${measurement.title} (${Math.round((performance.now() - startMs) / 1_000)} s)`);
    for (const line of judgementsOf(results)) screen.say(`    ${line}`);
    return results;
  } catch (error) {
    if (!(error instanceof BenchError || error instanceof ServiceError)) throw error;
    progress.done(`could not be measured: ${error.message}`);
    return [failedResult(measurement.id, error.message)];
  }
}
