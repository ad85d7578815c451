import { createHash } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { temporaryDirectory } from '@plumbline/testing';
import type { ModelFile, Runner } from '../src/domain/runner.ts';
import { AbandonedThreads } from '../src/engine/abandoned-threads.ts';
import { THREAD_ENTRY } from '../src/engine/thread-engine.ts';
import { ThreadRunner, type ThreadOptions } from '../src/engine/thread-runner.ts';

/** A file with the model, as the engine is given it. */
export async function modelFile(model: Uint8Array): Promise<ModelFile> {
  const path = join(await temporaryDirectory(), 'model.onnx');
  await writeFile(path, model);
  return { path, digest: `sha256:${createHash('sha256').update(model).digest('hex')}` };
}

export function threadOptions(): ThreadOptions {
  return {
    abandoned: new AbandonedThreads({ maxAbandoned: 4, onAbandoned: () => undefined }),
    entry: THREAD_ENTRY,
    limits: { maxNodes: 1000 },
    heapMiB: 128,
  };
}

export function openThread(file: ModelFile, signal: AbortSignal): Promise<Runner> {
  return ThreadRunner.open(file, threadOptions(), signal);
}
