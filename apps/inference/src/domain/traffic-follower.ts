import type { Listing, ListingStore, TrafficSource } from './traffic.ts';
import type { VersionTable } from './version-table.ts';

export interface TrafficFollowerOptions {
  readonly source: TrafficSource;
  readonly store: ListingStore;
  readonly table: VersionTable;
  /** Between two looks at the registry; also the renewal of the lease. */
  readonly intervalMs: number;
  /** Resolves after so many milliseconds, or at once when the signal fires. */
  readonly delay: (ms: number, signal: AbortSignal) => Promise<void>;
  /** Told after each look at the registry, whatever came of it. */
  readonly onRound: () => void;
  /** Told when the registry stops answering and when it answers again. */
  readonly onReach: (reachable: boolean, error?: unknown) => void;
}

/**
 * Keeps the table on the registry's listing and the registry informed of the table. Without the registry the table
 * stays as it was; a restart begins with the listing saved last.
 */
export class TrafficFollower {
  readonly #options: TrafficFollowerOptions;
  readonly #closing = new AbortController();
  #wake = new AbortController();
  #reachable: boolean | undefined;
  #known = false;
  /** The epoch on disk may be another deployment's: the first answer of the registry is taken whatever its epoch. */
  #confirmed = false;
  #loop: Promise<void> | undefined;

  constructor(options: TrafficFollowerOptions) {
    this.#options = options;
  }

  /** True once a listing is followed, from the registry or from disk. */
  get known(): boolean {
    return this.#known;
  }

  /** Takes up the saved listing, then follows the registry in the background. */
  async start(): Promise<void> {
    const saved = await this.#options.store.load();
    if (saved !== undefined) this.#follow(saved);
    this.#loop = this.#run();
  }

  /** Looks at the registry and reports now, and not only at the next interval. */
  kick(): void {
    this.#wake.abort();
  }

  /** Stops following and gives the lease back. */
  async close(): Promise<void> {
    this.#closing.abort();
    this.kick();
    await this.#loop;
    await this.#reach(() => this.#report(true));
  }

  async #run(): Promise<void> {
    while (!this.#closing.signal.aborted) {
      this.#wake = new AbortController();
      await this.#reach(() => this.#update());
      this.#options.table.advance();
      await this.#reach(() => this.#report(false));
      this.#options.onRound();
      await this.#options.delay(this.#options.intervalMs, this.#wake.signal);
    }
  }

  async #update(): Promise<void> {
    const { source, store, table } = this.#options;
    const listing = await source.fetch(this.#confirmed ? table.listing.epoch : 0n);
    if (listing === undefined || (this.#confirmed && listing.epoch === table.listing.epoch)) return;
    this.#confirmed = true;
    this.#follow(listing);
    await store.save(listing);
  }

  #follow(listing: Listing): void {
    this.#known = true;
    this.#options.table.follow(listing);
  }

  async #report(leaving: boolean): Promise<void> {
    if (!this.#known) return;
    const { source, table } = this.#options;
    const reports = table.reports();
    await source.report({
      epoch: table.listing.epoch,
      loadedDigests: reports.filter(({ state }) => state === 'READY').map(({ version }) => version.digest),
      failures: reports.flatMap(({ failure }) => (failure === undefined ? [] : [failure])),
      leaving,
    });
  }

  /** The registry may be away at any time: that is reported, once per change, and never fatal. */
  async #reach(attempt: () => Promise<void>): Promise<void> {
    let problem: unknown;
    try {
      await attempt();
    } catch (error) {
      problem = error;
    }
    const reachable = problem === undefined;
    if (reachable !== this.#reachable) this.#options.onReach(reachable, problem);
    this.#reachable = reachable;
  }
}
