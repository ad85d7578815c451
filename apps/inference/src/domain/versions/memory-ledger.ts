import type { Device } from '../runners/devices.ts';

/** The device whose memory is the host's. */
export const HOST: Device = 'cpu';

/** Bytes by the device whose memory they are. A device that is not there was not measured: nothing is known of it. */
export type Memory = ReadonlyMap<Device, number>;

/** A version that takes memory: loaded, being loaded, or finishing what it has. */
export interface Resident {
  readonly digest: string;
  /** As measured; while it loads, as estimated or measured before. */
  readonly memory: Memory;
  /** Whether it may be unloaded at all: it is loaded, listed, and has no request. */
  readonly idle: boolean;
  /** On its way out: its memory will be free. */
  readonly leaving: boolean;
  /** Of its load or its last request, on the clock of the plan. */
  readonly lastUsedMs: number;
}

/** A version that is to be loaded. */
export interface Wish {
  readonly digest: string;
  readonly memory: Memory;
  /** Whether a request waits for it. */
  readonly demanded: boolean;
}

export interface MemoryPolicy {
  /** Of each memory that is measured. */
  readonly budgetBytes: number;
  /** A version that was used within it is not unloaded for one that a request waits for. */
  readonly minIdleMs: number;
  /** The same where nobody waits. */
  readonly minIdleUnaskedMs: number;
  /** Most versions that may begin to load. */
  readonly slots: number;
}

/** What to do about memory, each by digest. */
export interface MemoryPlan {
  /** May be loaded now; together with all that is resident they are within the budget. */
  readonly admit: readonly string[];
  /** To be unloaded, the least recently used first. */
  readonly evict: readonly string[];
  /** Take more than the whole budget. */
  readonly refuse: readonly string[];
  /** Cannot be loaded before others end what they do. */
  readonly wait: readonly string[];
}

/**
 * Decides what may be loaded and what is unloaded for it. Wishes are served in order: one that will have memory once
 * others are gone keeps it, and its slot, from those behind it. Nothing is unloaded where even all that is idle is not
 * enough. Above the budget, because more was measured than estimated, what is idle is unloaded.
 */
export function planMemory(
  residents: readonly Resident[],
  wishes: readonly Wish[],
  policy: MemoryPolicy,
  nowMs: number,
): MemoryPlan {
  const account = new Account(residents, policy.budgetBytes);
  const isIdle = (minIdleMs: number) => (resident: Resident) =>
    resident.idle && !resident.leaving && nowMs - resident.lastUsedMs >= minIdleMs;
  account.shrink(isIdle(0));
  const admit: string[] = [];
  const refuse: string[] = [];
  const wait: string[] = [];
  let slots = policy.slots;
  for (const { digest, memory, demanded } of wishes) {
    if (exceeds(memory, policy.budgetBytes)) {
      refuse.push(digest);
      continue;
    }
    if (slots <= 0) continue;
    const fits = account.fits(memory);
    const minIdleMs = demanded ? policy.minIdleMs : policy.minIdleUnaskedMs;
    if (!fits && !account.makeRoom(memory, isIdle(minIdleMs))) {
      wait.push(digest);
      continue;
    }
    account.take(memory);
    slots--;
    if (fits) admit.push(digest);
  }
  return { admit, evict: account.evicted, refuse, wait };
}

/** Bytes of one of the maps, added up by device. */
export function sumMemory(memories: readonly Memory[]): Map<Device, number> {
  const sum = new Map<Device, number>();
  for (const memory of memories) {
    for (const [device, bytes] of memory) sum.set(device, (sum.get(device) ?? 0) + bytes);
  }
  return sum;
}

/**
 * What the runners of one version take of the host's memory, whatever device they compute on; of a GPU's nothing is
 * measured. Copies that are opened side by side count each other's growth: the smallest measure is the nearest.
 */
export function memoryOf(
  runners: readonly { readonly device: Device; readonly memoryBytes: number }[],
): Memory {
  const copies = new Map<Device, { count: number; leastBytes: number }>();
  for (const { device, memoryBytes } of runners) {
    const { count, leastBytes } = copies.get(device) ?? { count: 0, leastBytes: Infinity };
    copies.set(device, { count: count + 1, leastBytes: Math.min(leastBytes, memoryBytes) });
  }
  const taken = [...copies.values()].map(({ count, leastBytes }) => count * leastBytes);
  return new Map([[HOST, taken.reduce((sum, bytes) => sum + bytes, 0)]]);
}

function exceeds(memory: Memory, budgetBytes: number): boolean {
  return [...memory.values()].some((bytes) => bytes > budgetBytes);
}

/** The running account of one plan. */
class Account {
  readonly evicted: string[] = [];
  readonly #budgetBytes: number;
  /** The least recently used first. */
  readonly #residents: readonly Resident[];
  /** Resident or claimed. */
  readonly #taken: Map<Device, number>;
  /** Of that, what will be free and is claimed by no wish yet. */
  readonly #leaving: Map<Device, number>;

  constructor(residents: readonly Resident[], budgetBytes: number) {
    this.#budgetBytes = budgetBytes;
    this.#residents = residents.toSorted((left, right) => left.lastUsedMs - right.lastUsedMs);
    this.#taken = sumMemory(residents.map(({ memory }) => memory));
    this.#leaving = sumMemory(residents.flatMap(({ leaving, memory }) => (leaving ? [memory] : [])));
  }

  fits(memory: Memory): boolean {
    return [...memory].every(([device, bytes]) => this.#of(device) + bytes <= this.#budgetBytes);
  }

  take(memory: Memory): void {
    for (const [device, bytes] of memory) this.#taken.set(device, this.#of(device) + bytes);
  }

  /** Unloads what is idle until what stays is within the budget, as far as that goes. */
  shrink(isIdle: (resident: Resident) => boolean): void {
    for (const resident of this.#residents) {
      const over = [...resident.memory.keys()].some((device) => this.#missing(device, 0) > 0);
      if (over && isIdle(resident)) this.#evict(resident);
    }
  }

  /** Unloads the least recently used until there will be room; nothing where there would not be. */
  makeRoom(memory: Memory, isIdle: (resident: Resident) => boolean): boolean {
    const missing = new Map([...memory].map(([device, bytes]) => [device, this.#missing(device, bytes)]));
    const isMissing = () => [...missing.values()].some((bytes) => bytes > 0);
    const chosen: Resident[] = [];
    for (const resident of this.#residents) {
      if (!isMissing()) break;
      const helps = [...resident.memory].some(
        ([device, bytes]) => bytes > 0 && (missing.get(device) ?? 0) > 0,
      );
      if (!helps || !isIdle(resident) || this.evicted.includes(resident.digest)) continue;
      chosen.push(resident);
      for (const [device, bytes] of resident.memory) {
        missing.set(device, (missing.get(device) ?? 0) - bytes);
      }
    }
    if (isMissing()) return false;
    for (const resident of chosen) this.#evict(resident);
    return true;
  }

  #evict({ digest, memory }: Resident): void {
    this.evicted.push(digest);
    for (const [device, bytes] of memory) {
      this.#leaving.set(device, (this.#leaving.get(device) ?? 0) + bytes);
    }
  }

  /** Bytes that will still be too few for so many more. */
  #missing(device: Device, bytes: number): number {
    return this.#of(device) - (this.#leaving.get(device) ?? 0) + bytes - this.#budgetBytes;
  }

  #of(device: Device): number {
    return this.#taken.get(device) ?? 0;
  }
}
