import { NO_TELEMETRY } from '@plumbline/onnx';
import { errors } from '../domain/errors.ts';
import type { Device } from '../domain/runners/devices.ts';
import {
  RunnerLost,
  type Engine,
  type ModelFile,
  type ProviderReport,
  type Runner,
  type RunnerOptions,
} from '../domain/runners/runner.ts';
import type { AbandonedThreads } from './abandoned-threads.ts';
import { IdleThreads } from './idle-threads.ts';
import { LinkedRunner, MisplacedModel } from './linked-runner.ts';
import { probeProvider } from './probe-provider.ts';
import { PROCESS_ENTRY, ProcessLink } from './process-link.ts';
import type { OpenRequest, ScanLimits } from './protocol.ts';
import { THREAD_ENTRY, ThreadLink } from './thread-link.ts';

/** A swap needs as many threads as a version has runners; each takes about 15 MiB. */
const MAX_IDLE_THREADS = 4;

export interface TieredEngineOptions {
  /** What models may run on, in the order of preference; each is probed at the start. */
  readonly providers: readonly Device[];
  readonly limits: ScanLimits;
  /** Bound of the JavaScript heap around each model; models and tensors do not count. */
  readonly heapMiB: number;
  /** Bound of the memory of each runner process. */
  readonly processMemoryMiB: number;
  /** Of runners, threads and processes alike, beside the thread that serves: 0 to 19. */
  readonly niceness: number;
  /** Takes the threads that are given up. */
  readonly abandoned: AbandonedThreads;
  /** Modules that runners begin with; absent: the service's own. */
  readonly entries?: { readonly thread: URL; readonly process: URL };
}

/**
 * Runs models of the CPU on worker threads of this process. Untrusted ones, those on a GPU and those that may end their
 * process or take any memory have one each, which can be killed in the middle of a run. Why: docs/adr/0012.
 */
export class TieredEngine implements Engine {
  readonly providers: readonly ProviderReport[];
  /** The first of the providers that is available. */
  readonly defaultDevice: Device;
  readonly #tiers: Tiers;
  readonly #runners = new Set<LinkedRunner>();
  /** Of the models that are being opened. */
  readonly #opening = new Set<AbortController>();
  #closed: RunnerLost | undefined;

  private constructor(tiers: Tiers, providers: readonly ProviderReport[], device: Device) {
    this.#tiers = tiers;
    this.providers = providers;
    this.defaultDevice = device;
  }

  /**
   * Probes every provider with a real session, because a library that is present may still not run.
   * @throws ServiceError PROVIDER_UNAVAILABLE where none is available.
   */
  static async start(options: TieredEngineOptions): Promise<TieredEngine> {
    Object.assign(process.env, NO_TELEMETRY);
    const tiers = { ...options, threads: idleThreads(options) };
    const open: Engine['open'] = (model, runner, signal) => openRunner(tiers, model, runner, signal);
    const providers = await Promise.all(options.providers.map((device) => probeProvider(device, open)));
    const first = providers.find(({ available }) => available);
    if (first === undefined) {
      const details = providers.map(({ device, detail }) => `${device}: ${detail}`);
      throw errors.PROVIDER_UNAVAILABLE(`no execution provider is available: ${details.join('; ')}`);
    }
    return new TieredEngine(tiers, providers, first.device);
  }

  get abandoned(): number {
    return this.#tiers.abandoned.count;
  }

  async open(model: ModelFile, options: RunnerOptions, signal: AbortSignal): Promise<Runner> {
    this.#checkDevice(options.device);
    if (this.#closed !== undefined) throw this.#closed;
    const opening = new AbortController();
    const giveUp = () => opening.abort(signal.reason);
    signal.addEventListener('abort', giveUp);
    this.#opening.add(opening);
    try {
      if (signal.aborted) giveUp();
      const runner = await openRunner(this.#tiers, model, options, opening.signal);
      this.#runners.add(runner);
      void runner.ended.then(() => this.#runners.delete(runner));
      return runner;
    } finally {
      signal.removeEventListener('abort', giveUp);
      this.#opening.delete(opening);
    }
  }

  /** Abandons every runner that has not been closed. */
  close(): void {
    this.#closed = new RunnerLost('the engine was closed');
    for (const opening of this.#opening) opening.abort(this.#closed);
    for (const runner of this.#runners) runner.abandon();
    this.#tiers.threads.close();
  }

  #checkDevice(device: Device): void {
    const report = this.providers.find((each) => each.device === device);
    if (report === undefined) throw errors.PROVIDER_UNAVAILABLE(`${device} is not among EXECUTION_PROVIDERS`);
    if (!report.available) throw errors.PROVIDER_UNAVAILABLE(`${device}: ${report.detail}`);
  }
}

interface Tiers extends TieredEngineOptions {
  readonly threads: IdleThreads;
}

function idleThreads({ entries, heapMiB, niceness }: TieredEngineOptions): IdleThreads {
  const options = { entry: entries?.thread ?? THREAD_ENTRY, heapMiB, niceness };
  return new IdleThreads(options, MAX_IDLE_THREADS);
}

async function openRunner(
  tiers: Tiers,
  model: ModelFile,
  { device, intraOpThreads, untrusted, owners }: RunnerOptions,
  signal: AbortSignal,
): Promise<LinkedRunner> {
  signal.throwIfAborted();
  const request = { kind: 'open', model, limits: tiers.limits, session: { device, intraOpThreads } } as const;
  if (untrusted || device !== 'cpu') return openProcess(tiers, request, signal);
  // A process can be killed: where threads are used up, models that need one of their own are still opened.
  const exhausted = tiers.abandoned.exhaustion(model.digest);
  const link = new ThreadLink(tiers.threads, tiers.abandoned, { digest: model.digest, owners });
  try {
    return await LinkedRunner.open(link, { ...request, confined: false, exhausted }, signal);
  } catch (error) {
    if (!(error instanceof MisplacedModel)) throw error;
    return openProcess(tiers, request, signal);
  }
}

function openProcess(
  { entries, heapMiB, processMemoryMiB, niceness }: Tiers,
  request: Omit<OpenRequest, 'confined'>,
  signal: AbortSignal,
): Promise<LinkedRunner> {
  const entry = entries?.process ?? PROCESS_ENTRY;
  const link = new ProcessLink({ entry, heapMiB, memoryMiB: processMemoryMiB, niceness });
  return LinkedRunner.open(link, { ...request, confined: true }, signal);
}
