import type { ServingVersion } from './find-version.ts';
import { planMemory, type Memory, type MemoryPlan, type Resident } from './memory-ledger.ts';
import type { Standing } from './plan-versions.ts';
import type { ListedVersion } from '../traffic.ts';
import type { Alarm } from '../within.ts';

export interface MemoryOptions {
  /** Of each memory that is measured, the host's at least; 0: no bound. */
  readonly budgetBytes: number;
  /** A version that was used within it is not unloaded for another. */
  readonly minIdleMs: number;
  /** What a version will take that was never loaded here. */
  readonly estimate: (version: ListedVersion) => Memory;
  readonly alarm: Alarm;
}

/** A version that takes memory. */
export interface Occupant {
  readonly version: ListedVersion;
  readonly standing: Standing;
  readonly serving: ServingVersion | undefined;
}

export interface Loads {
  readonly due: readonly ListedVersion[];
  readonly held: readonly Occupant[];
  /** Unloaded, and not yet closed. */
  readonly leaving: readonly Occupant[];
  readonly isDemanded: (digest: string) => boolean;
  readonly slots: number;
  readonly nowMs: number;
}

/** Where nobody waits for a version, others must have been idle for so many times as long. */
const UNASKED = 30;

/** What each version takes and when it was used last: what the plan of memory is made from. */
export class VersionMemory {
  readonly #options: MemoryOptions;
  readonly #measured = new Map<string, Memory>();
  readonly #lastUsedMs = new Map<string, number>();

  constructor(options: MemoryOptions) {
    this.#options = options;
  }

  use(digest: string, nowMs: () => number): void {
    if (this.#options.budgetBytes > 0) this.#lastUsedMs.set(digest, nowMs());
  }

  /** Takes note of what a version takes; forgets all others that are neither listed nor held. */
  measure({ digest, memory }: ServingVersion, nowMs: number, known: ReadonlySet<string>): void {
    this.#measured.set(digest, memory);
    this.#lastUsedMs.set(digest, nowMs);
    for (const old of this.#measured.keys()) if (!known.has(old)) this.#measured.delete(old);
    for (const old of this.#lastUsedMs.keys()) if (!known.has(old)) this.#lastUsedMs.delete(old);
  }

  plan({ due, held, leaving, isDemanded, slots, nowMs }: Loads): MemoryPlan {
    const { budgetBytes, minIdleMs } = this.#options;
    if (budgetBytes === 0) {
      return {
        admit: due.slice(0, Math.max(slots, 0)).map(({ digest }) => digest),
        evict: [],
        refuse: [],
        wait: [],
      };
    }
    const residents = [
      ...held.flatMap((occupant) => this.#resident(occupant, isDemanded)),
      ...leaving.map((occupant) => ({ ...this.#place(occupant), idle: false, leaving: true })),
    ];
    const wishes = due.map((version) => ({
      digest: version.digest,
      memory: this.#expected(version),
      demanded: isDemanded(version.digest),
    }));
    const policy = { budgetBytes, minIdleMs, minIdleUnaskedMs: minIdleMs * UNASKED, slots };
    return planMemory(residents, wishes, policy, nowMs);
  }

  #resident(occupant: Occupant, isDemanded: (digest: string) => boolean): Resident[] {
    const { version, standing, serving } = occupant;
    if (serving === undefined && standing.state !== 'LOADING') return [];
    const idle =
      standing.state === 'READY' && serving?.batcher.outstanding === 0 && !isDemanded(version.digest);
    return [{ ...this.#place(occupant), idle, leaving: false }];
  }

  #place({ version, serving }: Occupant): Pick<Resident, 'digest' | 'memory' | 'lastUsedMs'> {
    const { digest } = version;
    const memory = serving?.memory ?? this.#expected(version);
    return { digest, memory, lastUsedMs: this.#lastUsedMs.get(digest) ?? 0 };
  }

  #expected(version: ListedVersion): Memory {
    return this.#measured.get(version.digest) ?? this.#options.estimate(version);
  }
}
