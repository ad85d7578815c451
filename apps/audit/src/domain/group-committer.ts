/** What came of one item of a group: the fulfilled value, or why this item alone failed. */
export type Settled<R> = { readonly value: R } | { readonly error: unknown };

export interface GroupCommitterOptions<T, R> {
  /** Commits a group at once and settles every item, in order. A rejection fails the whole group. */
  readonly commit: (items: readonly T[]) => Promise<readonly Settled<R>[]>;
  readonly sizeBytes: (item: T) => number;
  /** A group takes no more items and no more bytes than these, one item of any size excepted. */
  readonly maxItems: number;
  readonly maxBytes: number;
  /** Items and bytes that may wait. */
  readonly maxWaitingItems: number;
  readonly maxWaitingBytes: number;
  /** What items are rejected with that find no room, or whose caller left while they waited. */
  readonly refuse: () => Error;
}

export interface GroupCommitter<T, R> {
  /** Resolves when the item's group has been committed. An item whose caller has left is dropped while it waits. */
  add(item: T, left: () => boolean): Promise<R>;
  /** Number of items that wait. */
  waiting(): number;
  /** Resolves when nothing waits and nothing runs. */
  idle(): Promise<void>;
}

interface Waiting<T, R> {
  readonly item: T;
  readonly bytes: number;
  readonly left: () => boolean;
  readonly resolve: (value: R) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Gathers concurrent items into groups and commits one group at a time. There is no timer: what arrives while a group
 * is being committed makes the next one, so a lone item waits for nobody and groups grow with the load.
 */
export function createGroupCommitter<T, R>(options: GroupCommitterOptions<T, R>): GroupCommitter<T, R> {
  let waiting: Waiting<T, R>[] = [];
  let waitingBytes = 0;
  let running: Promise<void> | undefined;

  function add(item: T, left: () => boolean): Promise<R> {
    const bytes = options.sizeBytes(item);
    if (waiting.length >= options.maxWaitingItems || waitingBytes + bytes > options.maxWaitingBytes) {
      return Promise.reject(options.refuse());
    }
    return new Promise<R>((resolve, reject) => {
      waiting.push({ item, bytes, left, resolve, reject });
      waitingBytes += bytes;
      running ??= run();
    });
  }

  async function run(): Promise<void> {
    // What arrives in the same turn of the event loop, e.g. in one frame of a stream, belongs to one group.
    await new Promise((resolve) => setImmediate(resolve));
    for (let group = takeGroup(); group.length > 0; group = takeGroup()) await commitGroup(group);
    running = undefined;
  }

  function takeGroup(): Waiting<T, R>[] {
    const group: Waiting<T, R>[] = [];
    let taken = 0;
    let groupBytes = 0;
    for (const entry of waiting) {
      const full = group.length >= options.maxItems || groupBytes + entry.bytes > options.maxBytes;
      if (full && group.length > 0) break;
      taken += 1;
      waitingBytes -= entry.bytes;
      if (entry.left()) {
        entry.reject(options.refuse());
        continue;
      }
      group.push(entry);
      groupBytes += entry.bytes;
    }
    waiting = waiting.slice(taken);
    return group;
  }

  async function commitGroup(group: readonly Waiting<T, R>[]): Promise<void> {
    try {
      const settled = await options.commit(group.map(({ item }) => item));
      group.forEach((entry, index) => settle(entry, settled[index]));
    } catch (error) {
      for (const { reject } of group) reject(error);
    }
  }

  return {
    add,
    waiting: () => waiting.length,
    idle: async () => {
      while (running) await running;
    },
  };
}

function settle<T, R>({ resolve, reject }: Waiting<T, R>, settled: Settled<R> | undefined): void {
  if (settled === undefined) reject(new Error('a group commit left an item unsettled'));
  else if ('error' in settled) reject(settled.error);
  else resolve(settled.value);
}
