import { ServiceError, type CodeName } from '@plumbline/errors';
import { Allowance, type AllowanceLimits } from './allowance.ts';
import type { SourcePlan } from './catalogue.ts';
import { errors } from './errors.ts';
import {
  checkBatch,
  commitBatches,
  MAX_ROWS,
  type CheckedBatch,
  type IngestedBatch,
  type RowBatch,
} from './ingest-rows.ts';
import type { IngestStore } from './row-store.ts';
import { WaitingLine, type Caller, type Waiting } from './waiting-line.ts';

/** A batch on its way to a commit, under the definitions that it was checked against. */
export interface PlannedBatch {
  readonly source: SourcePlan;
  readonly checked: CheckedBatch;
}

type WaitingBatch = Waiting<PlannedBatch, IngestedBatch>;

const MIB = 1024 * 1024;
/** Of the batches that are committed together: as much as one message may bring alone. */
export const MAX_GROUP_BYTES = 16 * MIB;
const RETRY_AFTER_MS = 250;

/**
 * What is held until its commit, waiting or under way. Rows bound the wait: a tenant's 100,000 are ten full groups, which
 * at about half a second each are committed within the 30 s that a call has by default. Bytes bound the memory.
 */
const HELD_BATCHES: AllowanceLimits<'rows' | 'bytes'> = {
  total: { rows: 40 * MAX_ROWS, bytes: 256 * MIB },
  perTenant: { rows: 10 * MAX_ROWS, bytes: 64 * MIB },
};

/**
 * Commits batches in groups: those of a source that arrive while a commit of it is under way go together with the next
 * one, in the order of their arrival. Entities that they share are read, locked and written once, and they share one
 * fsync. A batch that arrives alone does not wait.
 */
export class BatchCommitter {
  readonly #store: IngestStore;
  readonly #allowance: Allowance<'rows' | 'bytes'>;
  readonly #lines = new Map<string, WaitingLine<PlannedBatch, IngestedBatch>>();

  constructor(store: IngestStore, limits = HELD_BATCHES) {
    this.#store = store;
    this.#allowance = new Allowance(limits);
  }

  /**
   * Resolves when the batch is durable. Throws ROWS_INVALID, BATCH_REJECTED, BATCH_ID_REUSED, CATALOGUE_STALE,
   * INGEST_OVERLOADED, what the store fails with, and the reason of the caller's signal when that aborts while the batch
   * waits.
   */
  async ingest(
    tenant: string,
    source: SourcePlan,
    batch: RowBatch,
    nowUs: number,
    caller: Caller,
  ): Promise<IngestedBatch> {
    const checked = checkBatch(source, batch, nowUs);
    const release = this.#allowance.admit(tenant, { rows: batch.rows.length, bytes: checked.sizeBytes });
    if (release === undefined) throw overloaded();
    try {
      return await this.#join(tenant, { source, checked }, caller);
    } finally {
      release();
    }
  }

  #join(tenant: string, planned: PlannedBatch, caller: Caller): Promise<IngestedBatch> {
    const id = JSON.stringify([tenant, planned.source.program.spec.name]);
    const line = this.#lines.get(id);
    if (line !== undefined) return line.join(planned, caller);
    const opened = new WaitingLine<PlannedBatch, IngestedBatch>();
    this.#lines.set(id, opened);
    const ingested = opened.join(planned, caller);
    void this.#work(tenant, id, opened);
    return ingested;
  }

  async #work(tenant: string, id: string, line: WaitingLine<PlannedBatch, IngestedBatch>): Promise<void> {
    while (line.size > 0) await this.#commit(tenant, line.take(groupRule()));
    this.#lines.delete(id);
  }

  /** Never throws: every batch of the group hears for itself. */
  async #commit(tenant: string, group: readonly WaitingBatch[]): Promise<void> {
    const [first] = group;
    if (first === undefined) return;
    const batches = group.map(({ item }) => item.checked);
    const remainingMs = Math.max(...group.map(({ caller }) => caller.remainingMs()));
    try {
      const ingested = await commitBatches(this.#store, tenant, first.item.source, batches, remainingMs);
      group.forEach(({ resolve }, index) => resolve(ingested[index]!));
    } catch (error) {
      if (group.length > 1 && concernsOneBatch(error)) await this.#commitHalves(tenant, group);
      else for (const { reject } of group) reject(error);
    }
  }

  /** One of the group is refused and must not fail the others. Those whose callers have gone meanwhile are dropped. */
  async #commitHalves(tenant: string, group: readonly WaitingBatch[]): Promise<void> {
    const middle = group.length >> 1;
    for (const half of [group.slice(0, middle), group.slice(middle)]) {
      await this.#commit(tenant, withoutGone(half));
    }
  }
}

function withoutGone(group: readonly WaitingBatch[]): WaitingBatch[] {
  return group.filter(({ caller: { signal }, reject }) => {
    if (signal.aborted) reject(signal.reason);
    return !signal.aborted;
  });
}

const REFUSALS: ReadonlySet<CodeName> = new Set([
  ...(['INVALID_ARGUMENT', 'FAILED_PRECONDITION', 'ALREADY_EXISTS'] as const),
  ...(['NOT_FOUND', 'OUT_OF_RANGE', 'ABORTED'] as const),
]);

/**
 * Whether a group failed because of one of its batches, so that the others may succeed without it. Stale definitions are
 * those of all; an outage, a deadline or a failure that nobody foresaw would meet each part of the group again.
 */
function concernsOneBatch(error: unknown): boolean {
  return error instanceof ServiceError && REFUSALS.has(error.codeName) && error.reason !== 'CATALOGUE_STALE';
}

/**
 * Says of one batch after another whether it can be committed together with those before it: batches of the same
 * definitions, with distinct ids, of at most {@link MAX_ROWS} rows and {@link MAX_GROUP_BYTES} bytes in all.
 */
export function groupRule(): (batch: PlannedBatch) => boolean {
  const ids = new Set<string>();
  let common: SourcePlan | undefined;
  let rows = 0;
  let bytes = 0;
  return ({ source, checked: { batch, sizeBytes } }) => {
    common ??= source;
    rows += batch.rows.length;
    bytes += sizeBytes;
    const fits = source === common && !ids.has(batch.batchId) && rows <= MAX_ROWS && bytes <= MAX_GROUP_BYTES;
    ids.add(batch.batchId);
    return fits;
  };
}

function overloaded(): ServiceError {
  return errors.INGEST_OVERLOADED('too many rows wait for their commit', { retryAfterMs: RETRY_AFTER_MS });
}
