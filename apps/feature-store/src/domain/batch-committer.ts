import type { SourcePlan } from './catalogue.ts';
import {
  checkBatch,
  commitBatches,
  MAX_ROWS,
  type CheckedBatch,
  type IngestedBatch,
  type RowBatch,
} from './ingest-rows.ts';
import type { IngestStore } from './row-store.ts';

/** Whoever waits for a batch. */
export interface BatchCaller {
  readonly signal: AbortSignal;
  remainingMs(): number;
}

/** A batch that waits for its commit. */
export interface WaitingBatch {
  readonly source: SourcePlan;
  readonly checked: CheckedBatch;
  readonly caller: BatchCaller;
  readonly resolve: (ingested: IngestedBatch) => void;
  readonly reject: (reason: unknown) => void;
}

/**
 * Commits batches in groups: those of a source that arrive while a commit of it is under way go together with the next
 * one, in the order of their arrival. Entities that they share are read, locked and written once, and they share one
 * fsync. A batch that arrives alone does not wait.
 */
export class BatchCommitter {
  readonly #store: IngestStore;
  readonly #queues = new Map<string, WaitingBatch[]>();

  constructor(store: IngestStore) {
    this.#store = store;
  }

  /** Resolves when the batch is durable. Throws ROWS_INVALID, BATCH_REJECTED, BATCH_ID_REUSED, CATALOGUE_STALE. */
  ingest(
    tenant: string,
    source: SourcePlan,
    batch: RowBatch,
    nowUs: number,
    caller: BatchCaller,
  ): Promise<IngestedBatch> {
    const checked = checkBatch(source, batch, nowUs);
    return new Promise((resolve, reject) => {
      const id = JSON.stringify([tenant, source.program.spec.name]);
      const queue = this.#queues.get(id);
      const waiting = { source, checked, caller, resolve, reject };
      if (queue !== undefined) return void queue.push(waiting);
      this.#queues.set(id, [waiting]);
      void this.#work(tenant, id);
    });
  }

  async #work(tenant: string, id: string): Promise<void> {
    const queue = this.#queues.get(id) ?? [];
    while (queue.length > 0) await this.#commit(tenant, takeGroup(queue));
    this.#queues.delete(id);
  }

  /** Never throws: every batch of the group hears for itself. What fails together is committed one by one. */
  async #commit(tenant: string, group: readonly WaitingBatch[]): Promise<void> {
    const [first] = group;
    if (first === undefined) return;
    const batches = group.map(({ checked }) => checked);
    const remainingMs = Math.max(...group.map(({ caller }) => caller.remainingMs()));
    try {
      const ingested = await commitBatches(this.#store, tenant, first.source, batches, remainingMs);
      group.forEach(({ resolve }, index) => resolve(ingested[index]!));
    } catch (error) {
      if (group.length === 1) first.reject(error);
      else for (const waiting of group) await this.#commit(tenant, [waiting]);
    }
  }
}

/**
 * Takes from the front of a queue what can be committed together: batches of the same definitions, with distinct ids, of
 * at most {@link MAX_ROWS} rows in all, at least one. Batches whose caller has gone are refused and dropped.
 */
export function takeGroup(queue: WaitingBatch[]): WaitingBatch[] {
  const group: WaitingBatch[] = [];
  const ids = new Set<string>();
  let rows = 0;
  for (let next = queue[0]; next !== undefined; next = queue[0]) {
    const { source, checked, caller } = next;
    if (caller.signal.aborted) {
      queue.shift()!.reject(caller.signal.reason);
      continue;
    }
    rows += checked.batch.rows.length;
    const fits = source === group[0]?.source && !ids.has(checked.batch.batchId) && rows <= MAX_ROWS;
    if (group.length > 0 && !fits) break;
    ids.add(checked.batch.batchId);
    group.push(queue.shift()!);
  }
  return group;
}
