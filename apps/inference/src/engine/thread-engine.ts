import { createHash } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildModel, type ModelSpec } from '@plumbline/onnx';
import {
  RunnerLost,
  type Engine,
  type ModelFile,
  type ProviderReport,
  type Runner,
  type RunnerOptions,
} from '../domain/runner.ts';
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
  readonly providers: readonly ProviderReport[];
  readonly #options: ThreadOptions;
  readonly #runners = new Set<ThreadRunner>();
  readonly #closing = new AbortController();

  private constructor(options: ThreadOptions, providers: readonly ProviderReport[]) {
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
      const runner = await ThreadRunner.open({ path, digest }, options, new AbortController().signal);
      await runner.close();
    } finally {
      await rm(directory, { recursive: true });
    }
    return new ThreadEngine(options, [{ device: 'cpu', available: true, detail: '' }]);
  }

  get abandoned(): number {
    return this.#options.abandoned.count;
  }

  async open(model: ModelFile, _options: RunnerOptions, signal: AbortSignal): Promise<Runner> {
    const either = AbortSignal.any([signal, this.#closing.signal]);
    const runner = await ThreadRunner.open(model, this.#options, either);
    this.#runners.add(runner);
    void runner.ended.then(() => this.#runners.delete(runner));
    return runner;
  }

  /** Abandons every runner that has not been closed. */
  close(): void {
    this.#closing.abort(new RunnerLost('the engine was closed'));
    for (const runner of this.#runners) runner.abandon();
  }
}
