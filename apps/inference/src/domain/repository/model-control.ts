import type { ServiceError } from '@plumbline/errors';
import { errors, shorten } from '../errors.ts';
import type { LoadFailure } from '../traffic.ts';
import type { VersionTable } from '../versions/version-table.ts';
import type { ListedModels } from './listed-models.ts';
import type { ModelOverride, ModelRepository } from './repository.ts';
import { unservedModels, type IndexEntry } from './repository-index.ts';
import { Turns } from './turns.ts';

/** What decides on the models that are served: those there at start, those there at any time, or its callers. */
export type ControlMode = 'none' | 'poll' | 'explicit';

export interface ModelControlOptions {
  readonly repository: ModelRepository;
  readonly listed: ListedModels;
  readonly table: VersionTable;
  /** Whose the models are. */
  readonly tenant: string;
  readonly mode: ControlMode;
}

/** Models that callers see, and where the mode lets them, load and unload by name. */
export class ModelControl {
  readonly #options: ModelControlOptions;
  /** Withdrawn by callers, with the numbers that were served. */
  readonly #unloaded = new Map<string, readonly number[]>();
  readonly #turns = new Turns();

  constructor(options: ModelControlOptions) {
    this.#options = options;
  }

  /**
   * What the folder holds that the version table knows nothing of: models that nobody asked for, that were withdrawn
   * and that have a problem. Nothing for another tenant than the repository's. Rejects with REPOSITORY_UNAVAILABLE.
   */
  async unserved(tenant: string): Promise<IndexEntry[]> {
    const { repository, listed } = this.#options;
    if (tenant !== this.#options.tenant) return [];
    return unservedModels(await repository.names(), listed.wanted, this.#unloaded);
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
    this.#check(tenant, name);
    return this.#turns.take(name, async () => {
      signal.throwIfAborted();
      const { repository, listed, table } = this.#options;
      const model = await repository.find(name, override, signal);
      if (model === undefined) throw notFound(name);
      if (model.problem !== undefined) throw model.problem;
      listed.put(model);
      this.#unloaded.delete(name);
      const digests = model.versions.map(({ digest }) => digest);
      table.retry(digests);
      listed.review();
      await table.demand(digests, signal);
      const failure = digests.map((digest) => table.failureOf(digest)).find((found) => found !== undefined);
      await this.#retain();
      if (failure !== undefined) throw asError(failure);
    });
  }

  /**
   * Withdraws a model; resolves once its requests are answered and it is gone. Nothing happens where it is not served.
   * @throws ServiceError MODEL_CONTROL_DISABLED, MODEL_NOT_FOUND where there is no such folder.
   */
  unload(tenant: string, name: string, signal: AbortSignal): Promise<void> {
    this.#check(tenant, name);
    return this.#turns.take(name, async () => {
      signal.throwIfAborted();
      const { repository, listed, table } = this.#options;
      const served = listed.wanted.get(name)?.versions;
      if (served === undefined && (await repository.find(name, undefined, signal)) === undefined)
        throw notFound(name);
      if (served !== undefined) {
        this.#unloaded.set(
          name,
          served.map(({ number }) => number),
        );
      }
      listed.drop(name);
      listed.review();
      await table.until(() => !table.holds(tenant, name), signal);
      await this.#retain();
    });
  }

  #check(tenant: string, name: string): void {
    if (tenant !== this.#options.tenant) throw notFound(name);
    if (this.#options.mode === 'explicit') return;
    throw errors.MODEL_CONTROL_DISABLED('models are loaded and unloaded by MODEL_REPOSITORY alone');
  }

  /** Only with one load or unload under way is it known what nobody needs any more. */
  async #retain(): Promise<void> {
    const { repository, listed } = this.#options;
    if (this.#turns.size <= 1) await repository.retain(listed.filesNeeded());
  }
}

function notFound(name: string): ServiceError {
  return errors.MODEL_NOT_FOUND(`the repository has no model "${shorten(name)}"`, {
    metadata: { model: shorten(name) },
  });
}

function asError({ reason, detail }: LoadFailure): ServiceError {
  return Object.hasOwn(errors.entries, reason)
    ? errors[reason as keyof typeof errors.entries](detail)
    : errors.LOAD_FAILED(detail, { metadata: { cause: reason } });
}
