import { createHash } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { temporaryDirectory } from '@plumbline/testing';
import { errors } from '../src/domain/errors.ts';
import { layOutBatch } from '../src/domain/runners/batch-buffer.ts';
import type { Batch, ModelFile, Runner } from '../src/domain/runners/runner.ts';
import { AbandonedThreads } from '../src/engine/abandoned-threads.ts';
import { IdleThreads } from '../src/engine/idle-threads.ts';
import { LinkedRunner } from '../src/engine/linked-runner.ts';
import { PROCESS_ENTRY, ProcessLink, type ProcessLinkOptions } from '../src/engine/process-link.ts';
import type { ScanLimits } from '../src/engine/protocol.ts';
import { THREAD_ENTRY, ThreadLink } from '../src/engine/thread-link.ts';
import type { TieredEngineOptions } from '../src/engine/tiered-engine.ts';

/** A file with the model, as the engine is given it. */
export async function modelFile(model: Uint8Array): Promise<ModelFile> {
  const path = join(await temporaryDirectory(), 'model.onnx');
  await writeFile(path, model);
  return { path, digest: `sha256:${createHash('sha256').update(model).digest('hex')}` };
}

export function engineOptions(options: Partial<TieredEngineOptions> = {}): TieredEngineOptions {
  return {
    providers: ['cpu'],
    abandoned: new AbandonedThreads({ maxAbandoned: 4, onAbandoned: () => undefined }),
    limits: { maxNodes: 1000 },
    heapMiB: 128,
    processMemoryMiB: 1024,
    niceness: 0,
    ...options,
  };
}

/** A model on a thread of this process. */
export async function openThread(
  model: ModelFile,
  signal: AbortSignal,
  { abandoned, limits, heapMiB, niceness, entries }: Partial<TieredEngineOptions> = {},
): Promise<LinkedRunner> {
  const options = engineOptions();
  signal.throwIfAborted();
  const account = abandoned ?? options.abandoned;
  const exhausted = account.exhaustion(model.digest);
  if (exhausted !== undefined) throw errors.RUNNERS_EXHAUSTED(exhausted);
  const entry = entries?.thread ?? THREAD_ENTRY;
  const bounds = { heapMiB: heapMiB ?? options.heapMiB, niceness: niceness ?? options.niceness };
  const threads = new IdleThreads({ entry, ...bounds }, 0);
  const link = new ThreadLink(threads, account, model);
  return LinkedRunner.open(link, openRequest(model, limits), signal);
}

/** A model in a process of its own, and the process's id. */
export async function openProcess(
  model: ModelFile,
  signal: AbortSignal,
  options: Partial<ProcessLinkOptions> = {},
): Promise<{ readonly runner: LinkedRunner; readonly pid: number }> {
  const link = new ProcessLink({
    entry: PROCESS_ENTRY,
    heapMiB: 128,
    memoryMiB: 1024,
    niceness: 0,
    ...options,
  });
  const runner = await LinkedRunner.open(link, openRequest(model), signal);
  return { runner, pid: link.pid ?? 0 };
}

export function openRequest(model: ModelFile, limits: ScanLimits = { maxNodes: 1000 }, intraOpThreads = 1) {
  return {
    kind: 'open',
    model,
    limits,
    session: { device: 'cpu', intraOpThreads },
    confined: true,
  } as const;
}

/** A batch for a model whose input and output are FP32 rows. */
export function floatBatch({ signature }: Runner, width: number, values: ArrayLike<number>): Batch {
  const rows = values.length / width;
  const batch = layOutBatch(signature, [[rows, width]], [0], rows);
  new Float32Array(batch.buffer).set(values);
  return batch;
}
