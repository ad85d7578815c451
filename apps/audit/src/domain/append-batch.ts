import { lookupKeys } from './event-id.ts';
import { planAppend, type AppendOutcome, type LogSnapshot, type LogWrite } from './plan-append.ts';
import { type ProducerStamp, type ReadCommitment, type Submission } from './record.ts';

/** The tables of the log within one transaction. */
export interface LogTables {
  /**
   * Locks the head of the log until the transaction ends. So transactions that append commit in the order of their
   * leaves, and what the other methods read afterwards cannot change under them.
   */
  lockHead(): Promise<Pick<LogSnapshot, 'nextIndex' | 'committedAtUs'>>;
  /** Segments filed under any of the keys. */
  segmentsUnder(keys: readonly bigint[]): Promise<LogSnapshot['candidates']>;
  /** Known sequences of the producers' epochs. */
  sequencesOf(producers: readonly ProducerStamp[]): Promise<LogSnapshot['sequences']>;
  write(write: LogWrite): Promise<void>;
}

/** Appends a batch within the caller's transaction; outcomes are final once that commits. */
export async function appendBatch(
  tables: LogTables,
  submissions: readonly Submission[],
  clock: { nowUs(): bigint },
  read: ReadCommitment,
): Promise<readonly AppendOutcome[]> {
  const head = await tables.lockHead();
  const keys = submissions.flatMap(({ tenant, commitment }) => lookupKeys(tenant, commitment.eventId));
  const candidates = await tables.segmentsUnder([...new Set(keys)]);
  const stamps = submissions.flatMap(({ producer }) => (producer ? [producer] : []));
  const sequences = stamps.length === 0 ? [] : await tables.sequencesOf(stamps);
  const plan = planAppend({ ...head, candidates, sequences }, submissions, clock.nowUs(), read);
  await tables.write(plan.write);
  return plan.outcomes;
}
