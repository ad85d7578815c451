import { Code, ServiceError } from '@plumbline/errors';
import { appendBatch, type LogTables } from './append-batch.ts';
import { errors } from './errors.ts';
import { createGroupCommitter, type Settled } from './group-committer.ts';
import { type AppendOutcome } from './plan-append.ts';
import { type ReadCommitment, type Submission } from './record.ts';

/** Where the log lives. */
export interface LogStore {
  /** One transaction; see Database.transaction for what its failures mean. */
  transaction<T>(work: (tables: LogTables) => Promise<T>, timeoutMs: number): Promise<T>;
}

export interface AppenderOptions {
  readonly store: LogStore;
  readonly clock: { nowUs(): bigint };
  readonly read: ReadCommitment;
  /** Records in one commit at most. */
  readonly maxBatch: number;
  /** Records that may wait for a commit. */
  readonly maxWaiting: number;
  /** A commit that takes longer is given up; its records are in the log or not. */
  readonly commitTimeoutMs: number;
  /** Told of every commit and how many submissions shared it. */
  readonly committed?: (submissions: number) => void;
}

export interface Appender {
  /**
   * Commits one record together with those that arrive meanwhile, and resolves after the commit. Idempotent on
   * (tenant, event id). Throws EVENT_ID_REUSED, AUDIT_OVERLOADED, AUDIT_UNAVAILABLE.
   */
  append(submission: Submission, left: () => boolean): Promise<AppendOutcome>;
  /** Number of records that wait for a commit. */
  waiting(): number;
  /** Resolves when every accepted record has been committed or refused. */
  idle(): Promise<void>;
}

const MIB = 1024 * 1024;
const MAX_BATCH_BYTES = 8 * MIB;
const MAX_WAITING_BYTES = 128 * MIB;
const RETRY_AFTER_MS = 250;

export function createAppender(options: AppenderOptions): Appender {
  const { store, clock, read, commitTimeoutMs } = options;

  async function commit(batch: readonly Submission[]): Promise<readonly Settled<AppendOutcome>[]> {
    try {
      const outcomes = await store.transaction(
        (tables) => appendBatch(tables, batch, clock, read),
        commitTimeoutMs,
      );
      options.committed?.(batch.length);
      return outcomes.map((value) => ({ value }));
    } catch (error) {
      if (isStoreAbsent(error)) throw unavailable(error);
      return batch.length === 1 ? [{ error }] : commitHalves(batch);
    }
  }

  /** The store refuses something in the batch: the record that it cannot take must not fail its neighbours. */
  async function commitHalves(batch: readonly Submission[]): Promise<readonly Settled<AppendOutcome>[]> {
    const middle = batch.length >> 1;
    const first = await settledCommit(batch.slice(0, middle));
    return [...first, ...(await settledCommit(batch.slice(middle)))];
  }

  function settledCommit(batch: readonly Submission[]): Promise<readonly Settled<AppendOutcome>[]> {
    return commit(batch).catch((error: unknown) => batch.map(() => ({ error })));
  }

  const committer = createGroupCommitter<Submission, AppendOutcome>({
    commit,
    sizeBytes: sizeOf,
    maxItems: options.maxBatch,
    maxBytes: MAX_BATCH_BYTES,
    maxWaitingItems: options.maxWaiting,
    maxWaitingBytes: MAX_WAITING_BYTES,
    refuse: () =>
      errors.AUDIT_OVERLOADED('too many records wait for a commit', { retryAfterMs: RETRY_AFTER_MS }),
  });

  return {
    async append(submission, left) {
      const outcome = await committer.add(submission, left);
      if (outcome.status !== 'ID_REUSED') return outcome;
      throw errors.EVENT_ID_REUSED('another request was recorded under this id', {
        metadata: { leafIndex: String(outcome.entry.leafIndex) },
      });
    },
    waiting: () => committer.waiting(),
    idle: () => committer.idle(),
  };
}

const TRANSIENT: readonly Code[] = [
  Code.UNAVAILABLE,
  Code.DEADLINE_EXCEEDED,
  Code.ABORTED,
  Code.RESOURCE_EXHAUSTED,
  Code.CANCELLED,
];

function isStoreAbsent(error: unknown): boolean {
  return error instanceof ServiceError && TRANSIENT.includes(error.code);
}

function unavailable(cause: unknown): ServiceError {
  return errors.AUDIT_UNAVAILABLE('the record could not be committed; whether it was is known on retry', {
    retryAfterMs: RETRY_AFTER_MS,
    cause,
  });
}

function sizeOf({ commitment, payload, facts }: Submission): number {
  return commitment.bytes.length + payload.length + (facts?.length ?? 0);
}
