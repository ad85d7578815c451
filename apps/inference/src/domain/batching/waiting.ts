import { LinkedLine } from '@plumbline/collections';

/** One request in the queue. */
export interface Queued {
  /** Rows in all. */
  readonly rows: number;
  /** Requests with equal buckets may share a batch. */
  readonly bucket: string;
  /** Index of its policy: 0 goes first. */
  readonly level: number;
  /** Milliseconds on the queue's clock after which the answer is of no use. */
  readonly deadlineMs: number;
  /** Milliseconds on the queue's clock from which its policy's timeout action applies, unless it has begun to run. */
  readonly timeoutMs: number;
  /** Whether its caller waits no more. */
  readonly isCancelled: boolean;
  /** Whether its caller can go away while it waits. */
  readonly isCancellable: boolean;
}

/** Items that leave before this are only looked at when they are sealed: a listener would cost more than it saves. */
const WATCH_AFTER_MS = 10;

/** Items that may share a batch. */
export class Bucket<Item extends Queued> {
  readonly key: string;
  /** By rank: those of each level, then, in the same order, those that their policy delays. */
  readonly lines: readonly LinkedLine<Waiting<Item>>[];
  requests = 0;

  constructor(key: string, levels: number) {
    this.key = key;
    this.lines = Array.from({ length: 2 * levels }, () => new LinkedLine<Waiting<Item>>());
  }

  /** The items, the most urgent first; the one at hand may leave, or be delayed and then comes again. */
  *inOrder(): Generator<Waiting<Item>> {
    for (const line of this.lines) {
      for (let waiting = line.first; waiting !== undefined;) {
        const { next }: Waiting<Item> = waiting;
        yield waiting;
        waiting = next;
      }
    }
  }
}

/** An item's place in the queue. */
export class Waiting<Item extends Queued> {
  readonly item: Item;
  readonly bucket: Bucket<Item>;
  /** Ascends over all buckets. */
  readonly arrival: number;
  readonly arrivedMs: number;
  rank: number;
  /** As the item's, until it begins to run or is delayed. */
  timeoutMs: number;
  /** Rows that earlier batches took. */
  taken = 0;
  watched: boolean;
  /** Whether it is in no line any more. */
  gone = false;
  previous: Waiting<Item> | undefined = undefined;
  next: Waiting<Item> | undefined = undefined;

  constructor(item: Item, bucket: Bucket<Item>, arrival: number, arrivedMs: number) {
    this.item = item;
    this.bucket = bucket;
    this.arrival = arrival;
    this.arrivedMs = arrivedMs;
    this.rank = item.level;
    this.timeoutMs = item.timeoutMs;
    this.watched = !item.isCancellable;
  }

  /** When its deadline or its policy's timeout is due. */
  get dueMs(): number {
    return Math.min(this.item.deadlineMs, this.timeoutMs);
  }

  /** When it has waited so long that listening for its cancellation is worth it. */
  get watchMs(): number {
    return this.watched ? Infinity : this.arrivedMs + WATCH_AFTER_MS;
  }

  /** Whether it is more urgent than one of any bucket. */
  goesBefore({ rank, arrival }: Waiting<Item>): boolean {
    return this.rank < rank || (this.rank === rank && this.arrival < arrival);
  }
}
