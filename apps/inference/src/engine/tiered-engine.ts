import { errors } from '../domain/errors.ts';
import type { Device } from '../domain/model-settings.ts';
import {
  RunnerLost,
  type Engine,
  type ModelFile,
  type ProviderReport,
  type Runner,
  type RunnerOptions,
} from '../domain/runner.ts';
import type { AbandonedThreads } from './abandoned-threads.ts';
import { LinkedRunner } from './linked-runner.ts';
import { probeProvider } from './probe-provider.ts';
import { PROCESS_ENTRY, ProcessLink } from './process-link.ts';
import type { ScanLimits } from './protocol.ts';
import { THREAD_ENTRY, ThreadLink } from './thread-link.ts';

export interface TieredEngineOptions {
  /** What models may run on, in the order of preference; each is probed at the start. */
  readonly providers: readonly Device[];
  readonly limits: ScanLimits;
  /** Bound of the JavaScript heap around each model; models and tensors do not count. */
  readonly heapMiB: number;
  /** Bound of the memory of each runner process. */
  readonly processMemoryMiB: number;
  /** Takes the threads that are given up. */
  readonly abandoned: AbandonedThreads;
  /** Modules that runners begin with; absent: the service's own. */
  readonly entries?: { readonly thread: URL; readonly process: URL };
}

/**
 * Runs models of the CPU on worker threads of this process, and those that are untrusted or run on a GPU in a process
 * each: they may crash it, it can be killed in the middle of a run, and then its memory is given back.
 */
export class TieredEngine implements Engine {
  readonly providers: readonly ProviderReport[];
  /** The first of the providers that is available. */
  readonly defaultDevice: Device;
  readonly #options: TieredEngineOptions;
  readonly #runners = new Set<LinkedRunner>();
  readonly #closing = new AbortController();

  private constructor(options: TieredEngineOptions, providers: readonly ProviderReport[], device: Device) {
    this.#options = options;
    this.providers = providers;
    this.defaultDevice = device;
  }

  /**
   * Probes every provider with a real session, because a library that is present may still not run.
   * @throws ServiceError PROVIDER_UNAVAILABLE where none is available.
   */
  static async start(options: TieredEngineOptions): Promise<TieredEngine> {
    const open: OpenAnywhere = (model, runner, signal) => openRunner(options, model, runner, signal);
    const providers = await Promise.all(options.providers.map((device) => probeProvider(device, open)));
    const first = providers.find(({ available }) => available);
    if (first === undefined) {
      const details = providers.map(({ device, detail }) => `${device}: ${detail}`);
      throw errors.PROVIDER_UNAVAILABLE(`no execution provider is available: ${details.join('; ')}`);
    }
    return new TieredEngine(options, providers, first.device);
  }

  get abandoned(): number {
    return this.#options.abandoned.count;
  }

  async open(model: ModelFile, options: RunnerOptions, signal: AbortSignal): Promise<Runner> {
    this.#checkDevice(options.device);
    const either = AbortSignal.any([signal, this.#closing.signal]);
    const runner = await openRunner(this.#options, model, options, either);
    this.#runners.add(runner);
    void runner.ended.then(() => this.#runners.delete(runner));
    return runner;
  }

  /** Abandons every runner that has not been closed. */
  close(): void {
    this.#closing.abort(new RunnerLost('the engine was closed'));
    for (const runner of this.#runners) runner.abandon();
  }

  #checkDevice(device: Device): void {
    const report = this.providers.find((each) => each.device === device);
    if (report === undefined) throw errors.PROVIDER_UNAVAILABLE(`${device} is not among EXECUTION_PROVIDERS`);
    if (!report.available) throw errors.PROVIDER_UNAVAILABLE(`${device}: ${report.detail}`);
  }
}

type OpenAnywhere = (model: ModelFile, options: RunnerOptions, signal: AbortSignal) => Promise<LinkedRunner>;

async function openRunner(
  { limits, heapMiB, processMemoryMiB, abandoned, entries }: TieredEngineOptions,
  model: ModelFile,
  { device, intraOpThreads, untrusted }: RunnerOptions,
  signal: AbortSignal,
): Promise<LinkedRunner> {
  signal.throwIfAborted();
  const request = { kind: 'open', model, limits, session: { device, intraOpThreads } } as const;
  if (untrusted || device !== 'cpu') {
    const entry = entries?.process ?? PROCESS_ENTRY;
    return LinkedRunner.open(
      new ProcessLink({ entry, heapMiB, memoryMiB: processMemoryMiB }),
      request,
      signal,
    );
  }
  abandoned.checkOpen(model.digest);
  const entry = entries?.thread ?? THREAD_ENTRY;
  return LinkedRunner.open(new ThreadLink({ entry, heapMiB }, abandoned, model.digest), request, signal);
}
