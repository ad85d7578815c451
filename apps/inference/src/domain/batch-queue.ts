/** One request in the queue. */
export interface Queued {
  /** Rows in all. */
  readonly rows: number;
  /** Requests with equal buckets may share a batch. */
  readonly bucket: string;
  /** Milliseconds on the queue's clock after which the answer is of no use. */
  readonly deadlineMs: number;
  readonly signal: AbortSignal | undefined;
}

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

export type Lapse = 'expired' | 'cancelled';

interface Waiting<Item> {
  readonly item: Item;
  /** Ascends over all buckets. */
  readonly arrival: number;
}

interface Bucket<Item> {
  readonly key: string;
  waiting: Waiting<Item>[];
  /** Items before this index have left. */
  head: number;
  /** Rows of the head item that earlier batches took. */
  taken: number;
}

/**
 * Rows that wait for a runner: one first-in-first-out line per bucket. A batch is sealed only when it is asked for,
 * so it holds everything that has come by then. Only requests larger than a batch are split.
 */
export class BatchQueue<Item extends Queued> {
  readonly #maxRows: number;
  readonly #capacityRows: number;
  readonly #drop: (item: Item, lapse: Lapse) => void;
  readonly #buckets = new Map<string, Bucket<Item>>();
  #rows = 0;
  #arrivals = 0;

  /**
   * @param maxRows most rows of a batch.
   * @param capacityRows most rows that wait; one request is always accepted into an empty queue.
   * @param drop told of every item that leaves without having run.
   */
  constructor(maxRows: number, capacityRows: number, drop: (item: Item, lapse: Lapse) => void) {
    this.#maxRows = maxRows;
    this.#capacityRows = capacityRows;
    this.#drop = drop;
  }

  /** Rows that wait. */
  get rows(): number {
    return this.#rows;
  }

  /** Appends the item; false, and nothing changes, where the queue is full even after lapsed items have left. */
  offer(item: Item, nowMs: number): boolean {
    if (!this.#fits(item)) this.sweep(nowMs);
    if (!this.#fits(item)) return false;
    let bucket = this.#buckets.get(item.bucket);
    if (bucket === undefined) {
      bucket = { key: item.bucket, waiting: [], head: 0, taken: 0 };
      this.#buckets.set(bucket.key, bucket);
    }
    bucket.waiting.push({ item, arrival: this.#arrivals++ });
    this.#rows += item.rows;
    return true;
  }

  /** Takes the next batch: from the bucket whose head came first, up to maxRows. Undefined when nothing waits. */
  seal(nowMs: number): SealedBatch<Item> | undefined {
    for (let bucket = this.#oldest(); bucket !== undefined; bucket = this.#oldest()) {
      const batch = this.#fill(bucket, nowMs);
      this.#forget(bucket);
      if (batch.rows > 0) return batch;
    }
    return undefined;
  }

  /** Drops every item whose caller no longer waits. */
  sweep(nowMs: number): void {
    for (const bucket of this.#buckets.values()) {
      const first = bucket.waiting[bucket.head];
      const kept = bucket.waiting.slice(bucket.head).filter((waiting) => {
        const lapse = lapseOf(waiting.item, nowMs);
        if (lapse === undefined) return true;
        this.#rows -= waiting.item.rows - (waiting === first ? bucket.taken : 0);
        this.#drop(waiting.item, lapse);
        return false;
      });
      Object.assign(bucket, { waiting: kept, head: 0, taken: kept[0] === first ? bucket.taken : 0 });
      this.#forget(bucket);
    }
  }

  /** Empties the queue and returns what waited, in no particular order. */
  clear(): Item[] {
    const items = [...this.#buckets.values()].flatMap(({ waiting, head }) =>
      waiting.slice(head).map(({ item }) => item),
    );
    this.#buckets.clear();
    this.#rows = 0;
    return items;
  }

  #fits(item: Item): boolean {
    return this.#rows === 0 || this.#rows + item.rows <= this.#capacityRows;
  }

  #oldest(): Bucket<Item> | undefined {
    let oldest: Bucket<Item> | undefined;
    let arrival = Infinity;
    for (const bucket of this.#buckets.values()) {
      const head = bucket.waiting[bucket.head] as Waiting<Item>;
      if (head.arrival < arrival) [oldest, arrival] = [bucket, head.arrival];
    }
    return oldest;
  }

  #fill(bucket: Bucket<Item>, nowMs: number): SealedBatch<Item> {
    const slices: Slice<Item>[] = [];
    let filled = 0;
    while (bucket.head < bucket.waiting.length && filled < this.#maxRows) {
      const { item } = bucket.waiting[bucket.head] as Waiting<Item>;
      const left = item.rows - bucket.taken;
      const lapse = lapseOf(item, nowMs);
      const space = this.#maxRows - filled;
      if (lapse === undefined && item.rows <= this.#maxRows && left > space) break;
      const rows = lapse === undefined ? Math.min(left, space) : left;
      if (lapse === undefined) {
        slices.push({ item, fromRow: bucket.taken, rows, atRow: filled });
        filled += rows;
      } else this.#drop(item, lapse);
      this.#advance(bucket, item, rows);
    }
    return { slices, rows: filled };
  }

  #advance(bucket: Bucket<Item>, item: Item, rows: number): void {
    this.#rows -= rows;
    bucket.taken += rows;
    if (bucket.taken < item.rows) return;
    bucket.taken = 0;
    bucket.head++;
  }

  /** Lets go of what has left; an empty bucket goes too, so that shapes seen once cost nothing later. */
  #forget(bucket: Bucket<Item>): void {
    if (bucket.head === bucket.waiting.length) {
      this.#buckets.delete(bucket.key);
    } else if (bucket.head > 1024) {
      bucket.waiting = bucket.waiting.slice(bucket.head);
      bucket.head = 0;
    }
  }
}

function lapseOf(item: Queued, nowMs: number): Lapse | undefined {
  if (nowMs >= item.deadlineMs) return 'expired';
  return item.signal?.aborted === true ? 'cancelled' : undefined;
}
