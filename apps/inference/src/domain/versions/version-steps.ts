import { Demands } from './demands.ts';
import { errors } from '../errors.ts';
import type { HeldVersions, HeldVersionsOptions } from './held-versions.ts';
import { planVersions, type VersionPlan } from './plan-versions.ts';
import { StepWaiters } from './step-waiters.ts';
import type { ListedVersion } from '../traffic.ts';
import { VersionMemory, type MemoryOptions } from './version-memory.ts';

export interface VersionTableOptions extends HeldVersionsOptions {
  readonly concurrentLoads: number;
  /** How long a version that is no longer listed still answers; 0 where nobody lags behind the listing. */
  readonly graceMs: number;
  readonly memory: MemoryOptions;
}

/** Brings what is held to what is listed, within memory: takes the steps that are due, each of which goes on behind it. */
export class VersionSteps {
  readonly #options: VersionTableOptions;
  readonly #held: HeldVersions;
  readonly #memory: VersionMemory;
  readonly #demands: Demands;
  readonly #waiters = new StepWaiters();
  readonly #working = new Set<Promise<void>>();
  readonly #closing = new AbortController();
  #listed: ReadonlyMap<string, ListedVersion> = new Map();

  constructor(options: VersionTableOptions, held: HeldVersions) {
    this.#options = options;
    this.#held = held;
    this.#memory = new VersionMemory(options.memory);
    this.#demands = new Demands(options.memory.alarm, () => this.advance());
  }

  /** Takes up what is listed, by digest, and takes the first steps towards it. */
  follow(listed: ReadonlyMap<string, ListedVersion>): void {
    this.#listed = listed;
    this.advance();
  }

  /** Takes the steps that are due: loads, retries, drains, unloads. */
  advance(): void {
    if (this.#closing.signal.aborted) return;
    const nowMs = this.#options.nowMs();
    const standings = new Map([...this.#held.byDigest].map(([digest, { standing }]) => [digest, standing]));
    const plan = planVersions([...this.#listed.keys()], standings, this.#demands.sinceMs, nowMs);
    this.#letGo(plan, nowMs);
    this.#loadDue(
      plan.due.map((digest) => this.#listed.get(digest) as ListedVersion),
      nowMs,
    );
    if (plan.drain.length > 0 && this.#options.graceMs === 0) this.advance();
    this.#waiters.wake();
  }

  /** Takes note that the version is used. */
  use(digest: string): void {
    this.#memory.use(digest, this.#options.nowMs);
  }

  /**
   * Resolves once every one of the versions answers, has failed or is no longer listed; those that were unloaded for
   * memory are loaded again, before versions that nobody waits for. Rejects with the signal's reason.
   */
  async demand(digests: readonly string[], signal: AbortSignal): Promise<void> {
    const nowMs = this.#options.nowMs();
    const releases = digests.map((digest) => this.#demands.add(digest, nowMs));
    try {
      this.advance();
      await this.until(() => digests.every((digest) => this.#isDecided(digest)), signal);
    } finally {
      for (const release of releases) release();
    }
  }

  /** Resolves once the test holds, which is made again after every step; rejects with the signal's reason. */
  until(test: () => boolean, signal: AbortSignal): Promise<void> {
    return this.#waiters.until(test, signal);
  }

  /** Breaks off loads, answers what has been accepted and closes everything. */
  async close(): Promise<void> {
    this.#closing.abort(errors.VERSION_CLOSED('the replica is stopping'));
    await Promise.all(this.#working);
    await this.#held.close();
  }

  #letGo({ revive, drain, forget, unload }: VersionPlan, nowMs: number): void {
    for (const digest of revive) this.#held.stand(digest, { state: 'READY' });
    for (const digest of drain) {
      this.#held.stand(digest, { state: 'DRAINING', untilMs: nowMs + this.#options.graceMs });
    }
    for (const digest of forget) this.#work(this.#held.forget(digest));
    for (const digest of unload) this.#work(this.#held.unload(digest));
  }

  #loadDue(due: readonly ListedVersion[], nowMs: number): void {
    const { all, leaving } = this.#held;
    const loading = all.filter(({ standing }) => standing.state === 'LOADING').length;
    const { admit, evict, refuse, wait } = this.#memory.plan({
      due,
      held: all,
      leaving: [...leaving],
      isDemanded: (digest) => this.#demands.has(digest),
      slots: this.#options.concurrentLoads - loading,
      nowMs,
    });
    for (const digest of evict) this.#work(this.#held.evict(digest));
    for (const version of due) {
      const { digest } = version;
      if (admit.includes(digest)) this.#work(this.#load(version));
      else if (refuse.includes(digest)) this.#work(this.#held.refuse(version));
      else if (wait.includes(digest) && this.#held.stateOf(digest) === undefined)
        this.#held.postpone(version);
    }
  }

  #load(version: ListedVersion): Promise<void> {
    return this.#held.load(version, this.#closing.signal, (serving) =>
      this.#memory.measure(
        serving,
        this.#options.nowMs(),
        new Set([...this.#held.byDigest.keys(), ...this.#listed.keys()]),
      ),
    );
  }

  #isDecided(digest: string): boolean {
    const held = this.#held.byDigest.get(digest);
    if (held?.serving !== undefined || held?.standing.state === 'FAILED') return true;
    return !this.#listed.has(digest);
  }

  /** Keeps track of work behind the steps; when it ends, the next step may be due. */
  #work(work: Promise<void>): void {
    const tracked = work.finally(() => {
      this.#working.delete(tracked);
      this.advance();
    });
    this.#working.add(tracked);
  }
}
