import { ServiceError } from '@plumbline/errors';
import { errors, shorten } from '../errors.ts';
import type { IndexEntry } from './repository-index.ts';
import { listModels, type LoadOutcome } from './list-models.ts';
import type { ModelOverride, ModelRepository, RepositoryModel, RepositoryVersion } from './repository.ts';
import { SteadyLook } from './steady-look.ts';
import { Turns } from './turns.ts';
import type { VersionSource } from '../versions/version-source.ts';
import type { VersionTable } from '../versions/version-table.ts';

/** What decides on the models that are served: those there at start, those there at any time, or its callers. */
export type ModelControl = 'none' | 'poll' | 'explicit';

export interface RepositorySourceOptions {
  readonly repository: ModelRepository;
  readonly table: VersionTable;
  readonly tenant: string;
  readonly control: ModelControl;
  /** Models that are loaded at start where callers decide; `*` stands for all. */
  readonly loadAtStart: readonly string[];
  /** Between two looks at the folder where it decides, else between two looks at what is due. */
  readonly intervalMs: number;
  readonly delay: (ms: number, signal: AbortSignal) => Promise<void>;
  /** Told after each look. */
  readonly onLook: () => void;
  /** Told when a model's folder begins to have a problem. */
  readonly onProblem: (model: string, problem: ServiceError) => void;
  /** Told when the folder of models cannot be read any more, and when it can again. */
  readonly onReach: (reachable: boolean, error?: unknown) => void;
  /** Told of what no look should ever fail with; the next look comes all the same. */
  readonly onUnexpected: (error: unknown) => void;
}

/** Lists the versions of a repository in a version table, each as soon as it may serve and until its successor does. */
export class RepositorySource implements VersionSource {
  readonly #options: RepositorySourceOptions;
  readonly #closing = new AbortController();
  readonly #wanted = new Map<string, RepositoryModel>();
  #kept: ReadonlyMap<string, readonly RepositoryVersion[]> = new Map();
  /** Withdrawn by callers, with the numbers that were served. */
  readonly #unloaded = new Map<string, readonly number[]>();
  readonly #turns = new Turns();
  readonly #steady = new SteadyLook();
  #known = false;
  #reachable = true;
  #epoch = 0n;
  #listed = '';
  #loop: Promise<void> | undefined;

  constructor(options: RepositorySourceOptions) {
    this.#options = options;
  }

  get known(): boolean {
    return this.#known;
  }

  /**
   * What the folder holds that the version table knows nothing of: models that nobody asked for, that were withdrawn
   * and that have a problem. Nothing for another tenant than the repository's. Rejects with REPOSITORY_UNAVAILABLE.
   */
  async unserved(tenant: string): Promise<IndexEntry[]> {
    if (tenant !== this.#options.tenant) return [];
    const names = await this.#options.repository.names();
    const withdrawn = [...this.#unloaded].flatMap(([name, numbers]) =>
      numbers.map((number) => unloaded(name, number)),
    );
    const unasked = names.filter((name) => !this.#wanted.has(name) && !this.#unloaded.has(name));
    const problems = [...this.#wanted.values()].flatMap(({ name, versions, problem }) =>
      problem === undefined || versions.length > 0 ? [] : [unavailable(name, problem)],
    );
    return [...withdrawn, ...problems, ...unasked.map(unaskedFor)];
  }

  /** Rejects with REPOSITORY_UNAVAILABLE, or with MODEL_NOT_FOUND where a model to load at start is not there. */
  async start(): Promise<void> {
    const { control, loadAtStart } = this.#options;
    const named = control === 'explicit' && !loadAtStart.includes('*');
    const found = named ? await this.#read(loadAtStart, notThere) : await this.#readAll();
    this.#steady.begin(found);
    this.#want(found);
    this.#known = true;
    this.#review();
    this.#options.onLook();
    this.#loop = this.#run();
  }

  kick(): void {
    this.#review();
    this.#options.onLook();
  }

  async close(): Promise<void> {
    this.#closing.abort();
    await this.#loop;
  }

  /**
   * Serves a model as its folder is now, or as the override says; resolves once all its versions answer. What served
   * before serves until then, and after a failure. One after the other for one model.
   * @throws ServiceError MODEL_CONTROL_DISABLED, MODEL_NOT_FOUND, REPOSITORY_UNAVAILABLE, MODEL_CONFIG_INVALID, the
   * model's problem, or what a version failed to load with; the signal's reason when that fires.
   */
  load(
    tenant: string,
    name: string,
    override: ModelOverride | undefined,
    signal: AbortSignal,
  ): Promise<void> {
    this.#checkControl(tenant, name);
    return this.#turns.take(name, async () => {
      signal.throwIfAborted();
      const model = await this.#options.repository.find(name, override);
      if (model === undefined) throw notFound(name);
      if (model.problem !== undefined) throw model.problem;
      this.#wanted.set(name, model);
      this.#unloaded.delete(name);
      const { table } = this.#options;
      const digests = model.versions.map(({ digest }) => digest);
      table.retry(digests);
      this.#review();
      await table.demand(digests, signal);
      await this.#retain();
      const failure = digests.map((digest) => table.failureOf(digest)).find((found) => found !== undefined);
      if (failure !== undefined) throw asError(failure);
    });
  }

  /**
   * Withdraws a model; resolves once its requests are answered and it is gone. Nothing happens where it is not served.
   * @throws ServiceError MODEL_CONTROL_DISABLED, MODEL_NOT_FOUND where there is no such folder.
   */
  unload(tenant: string, name: string, signal: AbortSignal): Promise<void> {
    this.#checkControl(tenant, name);
    return this.#turns.take(name, async () => {
      signal.throwIfAborted();
      const { table, repository } = this.#options;
      if (!this.#wanted.has(name) && (await repository.find(name)) === undefined) throw notFound(name);
      const served = this.#wanted.get(name)?.versions.map(({ number }) => number) ?? [];
      if (this.#wanted.delete(name)) this.#unloaded.set(name, served);
      this.#review();
      await table.until(() => !table.holds(tenant, name), signal);
      await this.#retain();
    });
  }

  async #run(): Promise<void> {
    const { signal } = this.#closing;
    while (!signal.aborted) {
      await this.#options.delay(this.#options.intervalMs, signal);
      if (signal.aborted) return;
      try {
        if (this.#options.control === 'poll') await this.#look();
        this.#options.table.advance();
        this.#options.onLook();
      } catch (error) {
        this.#options.onUnexpected(error);
      }
    }
  }

  async #look(): Promise<void> {
    try {
      const found = await this.#readAll();
      this.#want(this.#steady.settle(found, this.#wanted));
      this.#review();
      await this.#retain(found);
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
    for (const name of names) {
      const model = (await this.#options.repository.find(name)) ?? onAbsent?.(name);
      if (model !== undefined) models.push(model);
    }
    return models;
  }

  #reach(reachable: boolean, error?: unknown): void {
    if (reachable !== this.#reachable) this.#options.onReach(reachable, error);
    this.#reachable = reachable;
  }

  /** A model whose folder has a problem now is still wanted as it was before. */
  #want(models: readonly RepositoryModel[]): void {
    for (const name of this.#wanted.keys()) {
      if (!models.some((model) => model.name === name)) this.#wanted.delete(name);
    }
    for (const model of models) {
      const before = this.#wanted.get(model.name);
      if (model.problem !== undefined && model.problem.message !== before?.problem?.message) {
        this.#options.onProblem(model.name, model.problem);
      }
      const versions = model.problem === undefined ? model.versions : (before?.versions ?? []);
      this.#wanted.set(model.name, { ...model, versions });
    }
  }

  #review(): void {
    const { versions, champions, problems, kept } = listModels(
      this.#options.tenant,
      [...this.#wanted.values()],
      this.#kept,
      (digest) => this.#outcomeOf(digest),
    );
    this.#kept = kept;
    const owned = versions.map(({ digest, owners }) => [digest, owners]);
    const text = JSON.stringify([owned, [...champions], [...problems]]);
    if (text === this.#listed) return;
    this.#listed = text;
    this.#epoch++;
    this.#options.table.follow({ epoch: this.#epoch, versions, champions, problems });
  }

  #outcomeOf(digest: string): LoadOutcome {
    const { table } = this.#options;
    if (table.answers(digest)) return 'answers';
    return table.failureOf(digest) === undefined ? 'pending' : 'failed';
  }

  #checkControl(tenant: string, name: string): void {
    if (tenant !== this.#options.tenant) throw notFound(name);
    if (this.#options.control === 'explicit') return;
    throw errors.MODEL_CONTROL_DISABLED('models are loaded and unloaded by MODEL_REPOSITORY alone');
  }

  /** Only with one load or unload under way is it known what nobody needs any more. */
  async #retain(found: readonly RepositoryModel[] = []): Promise<void> {
    if (this.#turns.size > 1) return;
    const versions = [
      ...[...found, ...this.#wanted.values()].flatMap((model) => model.versions),
      ...[...this.#kept.values()].flat(),
    ];
    const digests = versions.flatMap(({ files }) => files.map(({ digest }) => digest));
    await this.#options.repository.retain(new Set(digests));
  }
}

function unloaded(name: string, number: number): IndexEntry {
  return { name, version: String(number), state: 'UNAVAILABLE', reason: 'unloaded' };
}

function unavailable(name: string, problem: ServiceError): IndexEntry {
  return { name, version: '', state: 'UNAVAILABLE', reason: `${problem.reason}: ${problem.message}` };
}

function unaskedFor(name: string): IndexEntry {
  return { name, version: '', state: '', reason: '' };
}

function notThere(name: string): never {
  throw errors.MODEL_NOT_FOUND(`LOAD_MODELS names "${name}", which MODEL_REPOSITORY does not have`);
}

function notFound(name: string): ServiceError {
  return errors.MODEL_NOT_FOUND(`the repository has no model "${shorten(name)}"`, {
    metadata: { model: shorten(name) },
  });
}

function asError({ reason, detail }: { readonly reason: string; readonly detail: string }): ServiceError {
  return Object.hasOwn(errors.entries, reason)
    ? errors[reason as keyof typeof errors.entries](detail)
    : errors.LOAD_FAILED(detail, { metadata: { cause: reason } });
}
