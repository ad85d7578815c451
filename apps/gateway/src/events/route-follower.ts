import { fromBinary, toBinary } from '@bufbuild/protobuf';
import {
  TrafficSnapshotSchema,
  type TrafficService,
  type TrafficSnapshot,
} from '@plumbline/contract-registry';
import type { Client, Log } from '@plumbline/rpc';
import type { RoutingTable } from '../domain/routing.ts';

export interface RouteFollowerParts {
  readonly traffic: Client<typeof TrafficService>;
  readonly replicaId: string;
  readonly log: Log;
  readonly compile: (snapshot: TrafficSnapshot, previous: RoutingTable | undefined) => Promise<RoutingTable>;
  /** Where the newest snapshot outlives the process. */
  readonly lastKnownGood: { load(): Promise<Buffer | undefined>; save(snapshot: Uint8Array): Promise<void> };
  /** Longest time between looks at the registry when no hint comes. */
  readonly pollMs?: number;
}

/**
 * Keeps the routing table current: reads the snapshot at the start, on every hint and at least every two seconds, swaps
 * the table as a whole and reports the epoch it acts by, which renews this replica's lease. While the registry is away
 * the last table stays in force.
 */
export class RouteFollower {
  readonly #parts: Required<RouteFollowerParts>;
  #table: RoutingTable | undefined;
  #look: Promise<void> | undefined;
  #again = false;
  #timer: NodeJS.Timeout | undefined;
  #away = false;
  #closed = false;

  constructor(parts: RouteFollowerParts) {
    this.#parts = { pollMs: 2_000, ...parts };
  }

  /** Undefined until a snapshot was ever seen. */
  get table(): RoutingTable | undefined {
    return this.#table;
  }

  /** Takes up the snapshot on disk, then looks at the registry; resolves after that first look, whether it succeeds. */
  async start(): Promise<void> {
    const saved = await this.#parts.lastKnownGood.load();
    if (saved !== undefined) await this.#takeUp(fromBinary(TrafficSnapshotSchema, saved));
    await this.refresh();
  }

  /** Looks at the registry now; a look that is under way is followed by another. */
  async refresh(): Promise<void> {
    if (this.#look !== undefined) {
      this.#again = true;
      return this.#look;
    }
    this.#look = this.#lookUntilSettled().finally(() => (this.#look = undefined));
    return this.#look;
  }

  /** Gives the lease back. */
  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#timer);
    await this.#look;
    await this.#report(true).catch(() => this.#parts.log.debug({}, 'the lease runs out by itself'));
  }

  async #lookUntilSettled(): Promise<void> {
    clearTimeout(this.#timer);
    do {
      this.#again = false;
      await this.#lookOnce();
    } while (this.#again && !this.#closed);
    if (!this.#closed) this.#timer = setTimeout(() => void this.refresh(), this.#parts.pollMs);
  }

  async #lookOnce(): Promise<void> {
    const { traffic, lastKnownGood, log } = this.#parts;
    try {
      const { snapshot } = await traffic.getTrafficSnapshot(
        { knownEpoch: this.#table?.epoch ?? 0n },
        { timeoutMs: 2_000 },
      );
      if (snapshot !== undefined) {
        await this.#takeUp(snapshot);
        await lastKnownGood.save(toBinary(TrafficSnapshotSchema, snapshot));
      }
      await this.#report(false);
      if (this.#away) log.info({}, 'the registry is back');
      this.#away = false;
    } catch (error) {
      if (!this.#away) log.warn({ error }, 'the registry is away; the last known routes stay in force');
      this.#away = true;
    }
  }

  async #takeUp(snapshot: TrafficSnapshot): Promise<void> {
    this.#table = await this.#parts.compile(snapshot, this.#table);
    this.#parts.log.info({ epoch: String(snapshot.epoch) }, 'routes taken up');
  }

  async #report(leaving: boolean): Promise<void> {
    const epoch = this.#table?.epoch ?? 0n;
    await this.#parts.traffic.reportReplica(
      { replicaId: this.#parts.replicaId, kind: 'gateway', epoch, leaving },
      { timeoutMs: 2_000 },
    );
  }
}
