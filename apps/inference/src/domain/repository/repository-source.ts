import { ServiceError } from '@plumbline/errors';
import { errors } from '../errors.ts';
import type { VersionSource } from '../versions/version-source.ts';
import type { VersionTable } from '../versions/version-table.ts';
import type { ListedModels } from './listed-models.ts';
import type { ControlMode } from './model-control.ts';
import type { ModelRepository, RepositoryModel } from './repository.ts';
import { SteadyLook } from './steady-look.ts';

export interface RepositorySourceOptions {
  readonly repository: ModelRepository;
  readonly listed: ListedModels;
  readonly table: Pick<VersionTable, 'advance'>;
  readonly mode: ControlMode;
  /** Models that are loaded at start where callers decide; `*` stands for all. */
  readonly loadAtStart: readonly string[];
  /** Between two looks at the folder where it decides, else between two looks at what is due. */
  readonly intervalMs: number;
  readonly delay: (ms: number, signal: AbortSignal) => Promise<void>;
  /** Told after each look. */
  readonly onLook: () => void;
  /** Told when the folder of models cannot be read any more, and when it can again. */
  readonly onReach: (reachable: boolean, error?: unknown) => void;
  /** Told of what no look should ever fail with; the next look comes all the same. */
  readonly onUnexpected: (error: unknown) => void;
}

/** Looks at the folder of a repository: at the start, and again and again where it decides on what is served. */
export class RepositorySource implements VersionSource {
  readonly #options: RepositorySourceOptions;
  readonly #closing = new AbortController();
  readonly #steady = new SteadyLook();
  #known = false;
  #reachable = true;
  #loop: Promise<void> | undefined;

  constructor(options: RepositorySourceOptions) {
    this.#options = options;
  }

  get known(): boolean {
    return this.#known;
  }

  /** Rejects with REPOSITORY_UNAVAILABLE, or with MODEL_NOT_FOUND where a model to load at start is not there. */
  async start(): Promise<void> {
    const { mode, loadAtStart, listed } = this.#options;
    const named = mode === 'explicit' && !loadAtStart.includes('*');
    const found = named ? await this.#read(loadAtStart, notThere) : await this.#readAll();
    this.#steady.begin(found);
    listed.replace(found);
    this.#known = true;
    this.kick();
    this.#loop = this.#run();
  }

  kick(): void {
    this.#options.listed.review();
    this.#options.onLook();
  }

  async close(): Promise<void> {
    this.#closing.abort();
    await this.#loop;
  }

  async #run(): Promise<void> {
    const { signal } = this.#closing;
    while (!signal.aborted) {
      await this.#options.delay(this.#options.intervalMs, signal);
      if (signal.aborted) return;
      try {
        if (this.#options.mode === 'poll') await this.#look();
        this.#options.table.advance();
        this.#options.onLook();
      } catch (error) {
        if (!signal.aborted) this.#options.onUnexpected(error);
      }
    }
  }

  async #look(): Promise<void> {
    const { repository, listed } = this.#options;
    try {
      const found = await this.#readAll();
      listed.replace(this.#steady.settle(found, listed.wanted));
      listed.review();
      await repository.retain(listed.filesNeeded(found));
      this.#reach(true);
    } catch (error) {
      if (!(error instanceof ServiceError)) throw error;
      this.#reach(false, error);
    }
  }

  async #readAll(): Promise<RepositoryModel[]> {
    return this.#read(await this.#options.repository.names());
  }

  /** One after the other: whoever serves must not wait for a whole folder to be hashed at once. */
  async #read(names: readonly string[], onAbsent?: (name: string) => never): Promise<RepositoryModel[]> {
    const models: RepositoryModel[] = [];
    const { signal } = this.#closing;
    for (const name of names) {
      const model = (await this.#options.repository.find(name, undefined, signal)) ?? onAbsent?.(name);
      if (model !== undefined) models.push(model);
    }
    return models;
  }

  #reach(reachable: boolean, error?: unknown): void {
    if (reachable !== this.#reachable) this.#options.onReach(reachable, error);
    this.#reachable = reachable;
  }
}

function notThere(name: string): never {
  throw errors.MODEL_NOT_FOUND(`LOAD_MODELS names "${name}", which MODEL_REPOSITORY does not have`);
}
