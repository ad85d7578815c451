import { ServiceError } from '@plumbline/errors';
import { Catalogue, FIRST_REVISION, type Revision } from './catalogue.ts';

/** Reads revisions: the number is cheap to ask for, the content is not. */
export interface RevisionStore {
  currentRevision(tenant: string): Promise<number>;
  current(tenant: string): Promise<Revision | undefined>;
}

interface Cached {
  readonly catalogue: Catalogue;
  readonly checkedAtMs: number;
}

const FRESH_MS = 1_000;
/** Refusals that may be due to a catalogue that is out of date. */
const WORTH_ANOTHER_LOOK = new Set(['SOURCE_NOT_FOUND', 'FEATURE_SERVICE_NOT_FOUND', 'CATALOGUE_STALE']);

/** Compiled catalogues by tenant, checked against the store once a second and whenever one seems out of date. */
export class Catalogues {
  readonly #store: RevisionStore;
  readonly #nowMs: () => number;
  readonly #cached = new Map<string, Cached>();
  readonly #loading = new Map<string, Promise<Catalogue>>();

  constructor(store: RevisionStore, nowMs: () => number) {
    this.#store = store;
    this.#nowMs = nowMs;
  }

  /** Runs `work` with the tenant's catalogue, once more with a fresh one when it failed for want of a definition. */
  async use<T>(tenant: string, work: (catalogue: Catalogue) => Promise<T>): Promise<T> {
    const catalogue = await this.#current(tenant);
    try {
      return await work(catalogue);
    } catch (error) {
      if (!(error instanceof ServiceError) || !WORTH_ANOTHER_LOOK.has(error.reason)) throw error;
      const fresh = await this.#load(tenant);
      if (fresh.revision.revision === catalogue.revision.revision) throw error;
      return work(fresh);
    }
  }

  /** Forgets what is cached, after a change. */
  forget(tenant: string): void {
    this.#cached.delete(tenant);
  }

  async #current(tenant: string): Promise<Catalogue> {
    const cached = this.#cached.get(tenant);
    if (cached !== undefined && this.#nowMs() - cached.checkedAtMs < FRESH_MS) return cached.catalogue;
    return this.#load(tenant);
  }

  #load(tenant: string): Promise<Catalogue> {
    let loading = this.#loading.get(tenant);
    if (loading === undefined) {
      loading = this.#check(tenant).finally(() => this.#loading.delete(tenant));
      this.#loading.set(tenant, loading);
    }
    return loading;
  }

  async #check(tenant: string): Promise<Catalogue> {
    const checkedAtMs = this.#nowMs();
    const known = this.#cached.get(tenant)?.catalogue;
    const revision = await this.#store.currentRevision(tenant);
    const catalogue =
      known?.revision.revision === revision
        ? known
        : new Catalogue((await this.#store.current(tenant)) ?? FIRST_REVISION);
    this.#cached.set(tenant, { catalogue, checkedAtMs });
    return catalogue;
  }
}
