import type { QueuePolicy } from '../settings/queue-policy.ts';
import { Bucket, Waiting, type Queued } from './waiting.ts';

/** Rows `fromRow` … `fromRow + rows` of a request, placed at row `atRow` of the batch. */
export interface Slice<Item extends Queued> {
  readonly item: Item;
  readonly fromRow: number;
  readonly rows: number;
  readonly atRow: number;
}

export interface SealedBatch<Item extends Queued> {
  readonly slices: readonly Slice<Item>[];
  readonly rows: number;
}

/** Why an item leaves unrun: its deadline, its queue policy, its caller. */
export type Lapse = 'expired' | 'timed-out' | 'cancelled';

export interface BatchQueueOptions<Item extends Queued> {
  /** Most rows of a batch. */
  readonly maxRows: number;
  /** Most rows that wait; one request is always accepted into an empty queue. */
  readonly capacityRows: number;
  /** By level. */
  readonly policies: readonly QueuePolicy[];
  /** Told of every item that leaves without having run. */
  readonly drop: (item: Item, lapse: Lapse) => void;
  /** Told once of a cancellable item that waits for long: `leave` when its caller goes away. */
  readonly watch: (item: Item, leave: () => void) => void;
}

/** The batch that would be sealed now. */
export interface BatchPreview {
  readonly rows: number;
  /** Whether nothing that comes could join it: it is full, or what is next in line does not fit. */
  readonly complete: boolean;
  /** The largest of the preferred row counts at which a request ends; 0 where none does. */
  readonly preferredRows: number;
  /** Arrival of the oldest and of the newest of its requests. */
  readonly oldestMs: number;
  readonly newestMs: number;
  /** When the first of its requests lapses. */
  readonly lapseMs: number;
}

/**
 * Rows that wait for a runner. Urgency is priority, then arrival; requests that their policy delays come after all
 * others. A batch is sealed only when it is asked for, so it holds the most urgent of all that has come by then: of
 * the bucket with the most urgent request, as many as fit. Only requests larger than a batch are split.
 */
export class BatchQueue<Item extends Queued> {
  readonly #options: BatchQueueOptions<Item>;
  readonly #buckets = new Map<string, Bucket<Item>>();
  /** Items of which earlier batches took rows. */
  readonly #begun = new Map<Item, Waiting<Item>>();
  readonly #levelRows: number[];
  readonly #levelRequests: number[];
  #rows = 0;
  #requests = 0;
  #arrivals = 0;
  #sweepDueMs = Infinity;

  constructor(options: BatchQueueOptions<Item>) {
    this.#options = options;
    this.#levelRows = options.policies.map(() => 0);
    this.#levelRequests = options.policies.map(() => 0);
  }

  /** Rows that wait. */
  get rows(): number {
    return this.#rows;
  }

  /** Requests of which rows wait. */
  get requests(): number {
    return this.#requests;
  }

  /** Whether earlier batches took rows of the item, and others wait. */
  hasBegun(item: Item): boolean {
    return this.#begun.has(item);
  }

  /** When a sweep is due, never late; Infinity where items wait for nothing but a runner. */
  get sweepDueMs(): number {
    return this.#requests === 0 ? Infinity : this.#sweepDueMs;
  }

  /** Rows that go before a request of this level that comes now. */
  rowsAhead(level: number): number {
    if (this.#levelRows.length === 1) return this.#rows;
    return this.#levelRows.reduce((sum, rows, at) => (at <= level ? sum + rows : sum), 0);
  }

  /** Appends the item; false, and nothing changes, where the queue is full even after lapsed items have left. */
  offer(item: Item, nowMs: number): boolean {
    if (!this.#fits(item)) this.sweep(nowMs);
    if (!this.#fits(item)) return false;
    const bucket = this.#bucketOf(item.bucket);
    const waiting = new Waiting(item, bucket, this.#arrivals++, nowMs);
    bucket.lines[waiting.rank]?.append(waiting);
    bucket.requests++;
    this.#requests++;
    this.#levelRequests[item.level] = (this.#levelRequests[item.level] ?? 0) + 1;
    this.#countRows(item.level, item.rows);
    this.#sweepDueMs = Math.min(this.#sweepDueMs, waiting.dueMs, waiting.watchMs);
    return true;
  }

  /** Takes the next batch, up to `maxRows` rows where that is less than a whole batch. Undefined when nothing waits. */
  seal(nowMs: number, maxRows = this.#options.maxRows): SealedBatch<Item> | undefined {
    const bucket = this.#mostUrgent(nowMs);
    if (bucket === undefined) return undefined;
    const slices: Slice<Item>[] = [];
    let filled = 0;
    for (let head = this.#head(bucket, nowMs); head !== undefined; head = this.#head(bucket, nowMs)) {
      const rows = this.#share(head, maxRows - filled);
      if (rows === 0) break;
      slices.push({ item: head.item, fromRow: head.taken, rows, atRow: filled });
      filled += rows;
      this.#take(head, rows);
    }
    return { slices, rows: filled };
  }

  /** The batch that `seal` would take. Undefined when nothing waits. */
  preview(nowMs: number, preferredRows: readonly number[]): BatchPreview | undefined {
    const bucket = this.#mostUrgent(nowMs);
    if (bucket === undefined) return undefined;
    const preview = {
      rows: 0,
      complete: false,
      preferredRows: 0,
      oldestMs: nowMs,
      newestMs: 0,
      lapseMs: Infinity,
    };
    for (const waiting of bucket.inOrder()) {
      if (this.#lapse(waiting, nowMs)) continue;
      const share = this.#share(waiting, this.#options.maxRows - preview.rows);
      preview.rows += share;
      preview.complete = share === 0 || preview.rows === this.#options.maxRows;
      if (share === 0) break;
      if (preferredRows.includes(preview.rows)) preview.preferredRows = preview.rows;
      preview.oldestMs = Math.min(preview.oldestMs, waiting.arrivedMs);
      preview.newestMs = Math.max(preview.newestMs, waiting.arrivedMs);
      preview.lapseMs = Math.min(preview.lapseMs, waiting.dueMs);
    }
    return preview;
  }

  /** Drops every item that has lapsed, delays those that their policy delays, and has long waits watched. */
  sweep(nowMs: number): void {
    this.#sweepDueMs = Infinity;
    for (const bucket of this.#buckets.values()) {
      for (const waiting of bucket.inOrder()) {
        if (this.#lapse(waiting, nowMs)) continue;
        if (nowMs >= waiting.watchMs) this.#watch(waiting);
        this.#sweepDueMs = Math.min(this.#sweepDueMs, waiting.dueMs, waiting.watchMs);
      }
    }
  }

  /** Takes out what is left of an item that failed in an earlier batch. */
  forget(item: Item): void {
    const waiting = this.#begun.get(item);
    if (waiting !== undefined) this.#remove(waiting);
  }

  /** Empties the queue and returns what waited, in no particular order. */
  clear(): Item[] {
    const waiting = [...this.#buckets.values()].flatMap((bucket) => [...bucket.inOrder()]);
    for (const each of waiting) this.#remove(each);
    return waiting.map(({ item }) => item);
  }

  #fits(item: Item): boolean {
    const { capacityRows, policies } = this.#options;
    const maxRequests = policies[item.level]?.maxQueuedRequests ?? 0;
    if (maxRequests > 0 && (this.#levelRequests[item.level] ?? 0) >= maxRequests) return false;
    return this.#rows === 0 || this.#rows + item.rows <= capacityRows;
  }

  #bucketOf(key: string): Bucket<Item> {
    let bucket = this.#buckets.get(key);
    if (bucket === undefined) {
      bucket = new Bucket(key, this.#options.policies.length);
      this.#buckets.set(key, bucket);
    }
    return bucket;
  }

  #mostUrgent(nowMs: number): Bucket<Item> | undefined {
    let first: Waiting<Item> | undefined;
    for (const bucket of this.#buckets.values()) {
      const head = this.#head(bucket, nowMs);
      if (head !== undefined && (first === undefined || head.goesBefore(first))) first = head;
    }
    return first?.bucket;
  }

  /** The most urgent item of the bucket that has not lapsed. */
  #head(bucket: Bucket<Item>, nowMs: number): Waiting<Item> | undefined {
    for (const line of bucket.lines) {
      let head = line.first;
      while (head !== undefined && this.#lapse(head, nowMs)) head = line.first;
      if (head !== undefined) return head;
    }
    return undefined;
  }

  /** Rows that fit into this much space; 0 where a request that must stay whole does not. */
  #share({ item, taken }: Waiting<Item>, spaceRows: number): number {
    const left = item.rows - taken;
    return left > spaceRows && item.rows <= this.#options.maxRows ? 0 : Math.min(left, spaceRows);
  }

  #take(waiting: Waiting<Item>, rows: number): void {
    waiting.taken += rows;
    waiting.timeoutMs = Infinity;
    if (waiting.taken === waiting.item.rows) this.#remove(waiting, rows);
    else {
      this.#begun.set(waiting.item, waiting);
      this.#countRows(waiting.item.level, -rows);
    }
  }

  /** Has the item leave its line where it has lapsed; true if it did. */
  #lapse(waiting: Waiting<Item>, nowMs: number): boolean {
    const { item } = waiting;
    if (nowMs >= item.deadlineMs) this.#drop(waiting, 'expired');
    else if (item.isCancelled) this.#drop(waiting, 'cancelled');
    else if (nowMs < waiting.timeoutMs) return false;
    else if (this.#options.policies[item.level]?.timeoutAction === 'DELAY') this.#delay(waiting);
    else this.#drop(waiting, 'timed-out');
    return true;
  }

  #delay(waiting: Waiting<Item>): void {
    const { lines } = waiting.bucket;
    lines[waiting.rank]?.remove(waiting);
    waiting.rank += this.#options.policies.length;
    waiting.timeoutMs = Infinity;
    lines[waiting.rank]?.append(waiting);
  }

  #drop(waiting: Waiting<Item>, lapse: Lapse): void {
    this.#remove(waiting);
    this.#options.drop(waiting.item, lapse);
  }

  #watch(waiting: Waiting<Item>): void {
    waiting.watched = true;
    this.#options.watch(waiting.item, () => {
      if (!waiting.gone) this.#drop(waiting, 'cancelled');
    });
  }

  /** An empty bucket goes with its last item, so that shapes seen once cost nothing later. */
  #remove(waiting: Waiting<Item>, rows = waiting.item.rows - waiting.taken): void {
    const { bucket, item } = waiting;
    waiting.gone = true;
    if (this.#begun.size > 0) this.#begun.delete(item);
    bucket.lines[waiting.rank]?.remove(waiting);
    if (--bucket.requests === 0) this.#buckets.delete(bucket.key);
    this.#requests--;
    this.#levelRequests[item.level] = (this.#levelRequests[item.level] ?? 0) - 1;
    this.#countRows(item.level, -rows);
  }

  #countRows(level: number, rows: number): void {
    this.#rows += rows;
    this.#levelRows[level] = (this.#levelRows[level] ?? 0) + rows;
  }
}
