import { createHash } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildModel, type ModelSpec } from '@plumbline/onnx';
import type { Engine, ModelFile, Runner } from '../domain/runner.ts';
import { ThreadRunner, type ThreadOptions } from './thread-runner.ts';

export const THREAD_ENTRY = new URL('./runner-thread.ts', import.meta.url);

const PROBE: ModelSpec = {
  name: 'probe',
  producer: { name: 'plumbline', version: '' },
  inputs: [{ name: 'x', datatype: 'FP32', shape: [-1] }],
  outputs: [{ name: 'y', datatype: 'FP32', shape: [-1] }],
  nodes: [{ operator: 'Identity', inputs: ['x'], outputs: ['y'] }],
};

/** Runs every model on worker threads of this process, on the CPU. For models that may be trusted not to crash it. */
export class ThreadEngine implements Engine {
  readonly providers: readonly string[];
  readonly #options: ThreadOptions;

  private constructor(options: ThreadOptions, providers: readonly string[]) {
    this.#options = options;
    this.providers = providers;
  }

  /** Probes the provider with a real session, because a library that is present may still not run. */
  static async start(options: ThreadOptions): Promise<ThreadEngine> {
    const directory = await mkdtemp(join(tmpdir(), 'plumbline-probe-'));
    try {
      const path = join(directory, 'probe.onnx');
      const model = buildModel(PROBE);
      await writeFile(path, model);
      const digest = `sha256:${createHash('sha256').update(model).digest('hex')}`;
      const runner = await ThreadRunner.open({ path, digest }, options);
      await runner.close();
    } finally {
      await rm(directory, { recursive: true });
    }
    return new ThreadEngine(options, ['cpu']);
  }

  open(model: ModelFile): Promise<Runner> {
    return ThreadRunner.open(model, this.#options);
  }
}
