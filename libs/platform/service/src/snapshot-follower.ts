import { setTimeout as sleep } from 'node:timers/promises';

/** State that another service publishes and that is replaced as a whole; every change ascends the epoch. */
export interface Snapshot {
  readonly epoch: bigint;
}

/** Where snapshots come from. */
export interface SnapshotSource<S extends Snapshot> {
  /** The current snapshot; undefined when `knownEpoch` is current. 0 means that none is known. */
  fetch(knownEpoch: bigint): Promise<S | undefined>;
  /** Tells the source which epoch this replica acts by, which renews its lease; `leaving` gives it back. */
  report(epoch: bigint, leaving: boolean): Promise<void>;
}

/** Where the last snapshot outlives the process, so that a replica starts and serves without the source. */
export interface SnapshotStore<S extends Snapshot> {
  /** Undefined when none was saved, or what was saved cannot be read. */
  load(): Promise<S | undefined>;
  save(snapshot: S): Promise<void>;
}

export interface SnapshotFollowerOptions<S extends Snapshot> {
  readonly source: SnapshotSource<S>;
  readonly store: SnapshotStore<S>;
  /** Makes the replica act by the snapshot. Where it rejects, the one before stays in force and is reported. */
  readonly takeUp: (snapshot: S) => Promise<void> | void;
  /** Between two looks at the source; also the renewal of the lease. */
  readonly intervalMs: number;
  /** Told after each look at the source, whatever came of it, and before the report. */
  readonly onLook?: () => void;
  /** Told when following begins to fail, with the reason, and when it works again. */
  readonly onReach: (reachable: boolean, error?: unknown) => void;
  /** Resolves after so many milliseconds, or at once when the signal fires. */
  readonly delay?: (ms: number, signal: AbortSignal) => Promise<void>;
}

/**
 * Keeps a replica on the newest snapshot and its source informed of the replica. Without the source the replica stays
 * as it was; a restart begins with the snapshot saved last.
 */
export class SnapshotFollower<S extends Snapshot> {
  readonly #options: Required<SnapshotFollowerOptions<S>>;
  readonly #closing = new AbortController();
  #wake = new AbortController();
  #reachable: boolean | undefined;
  #epoch: bigint | undefined;
  /** The epoch on disk may be another deployment's: the first answer of the source is taken whatever its epoch. */
  #confirmed = false;
  #loop: Promise<void> | undefined;

  constructor(options: SnapshotFollowerOptions<S>) {
    this.#options = { onLook: () => undefined, delay: pause, ...options };
  }

  /** True once a snapshot is followed, from the source or from disk. */
  get known(): boolean {
    return this.#epoch !== undefined;
  }

  /** Takes up the saved snapshot and looks at the source once, then goes on following in the background. */
  async start(): Promise<void> {
    const unusable = await failureOf(async () => {
      const saved = await this.#options.store.load();
      if (saved !== undefined) await this.#takeUp(saved);
    });
    if (unusable !== undefined) this.#tell(unusable);
    await this.#round();
    this.#loop = this.#run();
  }

  /** Looks at the source and reports now, and not only at the next interval. */
  kick(): void {
    this.#wake.abort();
  }

  /** Stops following and gives the lease back. */
  async close(): Promise<void> {
    this.#closing.abort();
    this.kick();
    await this.#loop;
    this.#tell(await failureOf(() => this.#report(true)));
  }

  async #run(): Promise<void> {
    while (!this.#closing.signal.aborted) {
      await this.#options.delay(this.#options.intervalMs, this.#wake.signal);
      this.#wake = new AbortController();
      if (!this.#closing.signal.aborted) await this.#round();
    }
  }

  /** The lease is renewed also where the look failed: this replica still acts by the snapshot it has. */
  async #round(): Promise<void> {
    const unseen = await failureOf(() => this.#look());
    this.#options.onLook();
    const unreported = await failureOf(() => this.#report(false));
    this.#tell(unseen ?? unreported);
  }

  async #look(): Promise<void> {
    const { source, store } = this.#options;
    const known = this.#confirmed ? (this.#epoch ?? 0n) : 0n;
    const snapshot = await source.fetch(known);
    if (snapshot === undefined || (this.#confirmed && snapshot.epoch === this.#epoch)) return;
    await this.#takeUp(snapshot);
    this.#confirmed = true;
    await store.save(snapshot);
  }

  async #takeUp(snapshot: S): Promise<void> {
    await this.#options.takeUp(snapshot);
    this.#epoch = snapshot.epoch;
  }

  async #report(leaving: boolean): Promise<void> {
    if (this.#epoch !== undefined) await this.#options.source.report(this.#epoch, leaving);
  }

  /** The source may be away at any time: that is told once per change, and never fatal. */
  #tell(problem: unknown): void {
    const reachable = problem === undefined;
    if (reachable !== this.#reachable) this.#options.onReach(reachable, problem);
    this.#reachable = reachable;
  }
}

async function failureOf(attempt: () => Promise<void>): Promise<unknown> {
  try {
    await attempt();
    return undefined;
  } catch (error) {
    return error;
  }
}

async function pause(ms: number, signal: AbortSignal): Promise<void> {
  // It rejects only when the signal fires, which is the other way for a pause to end.
  await sleep(ms, undefined, { signal, ref: false }).catch(() => undefined);
}
