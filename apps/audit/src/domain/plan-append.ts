import { receive, unseenSequence, type ProducerSequence } from './producer-sequence.ts';
import { type ReadCommitment, type RecordEntry, type RecordKind, type Submission } from './record.ts';
import { endOf, entriesOf, groupMembers, makeSegment, type Segment } from './segment.ts';

/** The log as a batch finds it, read under the lock of its head. */
export interface LogSnapshot {
  /** Index that the next leaf gets. */
  readonly nextIndex: bigint;
  /** When the newest records were committed; 0 in an empty log. */
  readonly committedAtUs: bigint;
  /** All segments that may hold a submitted id; others may be among them. */
  readonly candidates: readonly Segment[];
  /** The known sequences of the submitting producers. */
  readonly sequences: readonly ProducerSequence[];
}

/** What became of a submission. */
export type AppendOutcome =
  | { readonly status: 'RECORDED'; readonly entry: RecordEntry }
  /** The same request had been recorded under this id: nothing was added. */
  | { readonly status: 'ALREADY_RECORDED'; readonly entry: RecordEntry }
  /** Another request had been recorded under this id: nothing was added. */
  | { readonly status: 'ID_REUSED'; readonly entry: RecordEntry };

/** A payload on its way into the store, beside its leaf. */
export interface NewPayload {
  readonly tenant: string;
  readonly leafIndex: bigint;
  readonly bytes: Uint8Array;
}

/** What the monitor is told of one tenant's records. */
export interface RecordedFacts {
  readonly tenant: string;
  readonly committedAtUs: bigint;
  readonly records: readonly { readonly kind: RecordKind; readonly facts: Uint8Array }[];
}

/** Everything that one commit writes. */
export interface LogWrite {
  readonly nextIndex: bigint;
  readonly committedAtUs: bigint;
  readonly segments: readonly Segment[];
  readonly payloads: readonly NewPayload[];
  readonly sequences: readonly ProducerSequence[];
  readonly facts: readonly RecordedFacts[];
}

export interface AppendPlan {
  /** One per submission, in order. */
  readonly outcomes: readonly AppendOutcome[];
  readonly write: LogWrite;
}

/**
 * Decides a batch: which submissions are new, which leaves they become, and what is to be written. A submission whose
 * id is in the log, or earlier in the batch, adds nothing. Commit instants never descend along the log.
 */
export function planAppend(
  snapshot: LogSnapshot,
  submissions: readonly Submission[],
  nowUs: bigint,
  read: ReadCommitment,
): AppendPlan {
  const committedAtUs = nowUs > snapshot.committedAtUs ? nowUs : snapshot.committedAtUs;
  const asked = submissions.map((submission) => ({ submission, identity: identityOf(submission) }));
  const known = knownEntries(snapshot.candidates, asked, read);
  const fresh = firstOfEach(asked.filter(({ identity }) => !known.has(identity)));
  const { segments, entries } = layOut([...fresh.values()], snapshot.nextIndex, committedAtUs);
  const outcomes = asked.map(({ submission, identity }): AppendOutcome => {
    const first = fresh.get(identity);
    const entry = known.get(identity) ?? (first && entries.get(first));
    if (!entry) throw new Error('a submission is neither new nor known');
    if (first === submission) return { status: 'RECORDED', entry };
    return { status: sameRequest(entry, submission) ? 'ALREADY_RECORDED' : 'ID_REUSED', entry };
  });
  const write: LogWrite = {
    nextIndex: snapshot.nextIndex + BigInt(fresh.size),
    committedAtUs,
    segments,
    payloads: payloadsOf(entries),
    sequences: sequencesAfter(snapshot.sequences, submissions, committedAtUs),
    facts: factsOf(entries, committedAtUs),
  };
  return { outcomes, write };
}

interface Asked {
  readonly submission: Submission;
  /** Equal for submissions of the same tenant and id. */
  readonly identity: string;
}

type LaidEntries = ReadonlyMap<Submission, RecordEntry>;

function firstOfEach(asked: readonly Asked[]): Map<string, Submission> {
  const first = new Map<string, Submission>();
  for (const { submission, identity } of asked) {
    if (!first.has(identity)) first.set(identity, submission);
  }
  return first;
}

function layOut(fresh: readonly Submission[], nextIndex: bigint, committedAtUs: bigint) {
  const segments: Segment[] = [];
  const entries = new Map<Submission, RecordEntry>();
  let firstIndex = nextIndex;
  for (const group of groupMembers(fresh)) {
    const segment = makeSegment(group, firstIndex, committedAtUs);
    group.forEach((submission, offset) => {
      const { tenant, commitment } = submission;
      entries.set(submission, { tenant, commitment, committedAtUs, leafIndex: firstIndex + BigInt(offset) });
    });
    segments.push(segment);
    firstIndex = endOf(segment);
  }
  return { segments, entries };
}

function sameRequest({ commitment }: RecordEntry, submission: Submission): boolean {
  return Buffer.compare(commitment.requestDigest, submission.commitment.requestDigest) === 0;
}

function knownEntries(
  candidates: readonly Segment[],
  asked: readonly Asked[],
  read: ReadCommitment,
): Map<string, RecordEntry> {
  const known = new Map<string, RecordEntry>();
  if (candidates.length === 0) return known;
  const wanted = new Set(asked.map(({ identity }) => identity));
  for (const entry of candidates.flatMap((segment) => entriesOf(segment, read))) {
    const identity = identityOf(entry);
    if (wanted.has(identity)) known.set(identity, entry);
  }
  return known;
}

function payloadsOf(entries: LaidEntries): NewPayload[] {
  return [...entries].flatMap(([{ tenant, payload }, { leafIndex }]) =>
    payload.length === 0 ? [] : [{ tenant, leafIndex, bytes: payload }],
  );
}

function factsOf(entries: LaidEntries, committedAtUs: bigint): RecordedFacts[] {
  const byTenant = Map.groupBy(entries.keys(), ({ tenant }) => tenant);
  return [...byTenant].flatMap(([tenant, submissions]) => {
    const records = submissions.flatMap(({ commitment, facts }) =>
      facts === undefined ? [] : [{ kind: commitment.kind, facts }],
    );
    return records.length === 0 ? [] : [{ tenant, committedAtUs, records }];
  });
}

function sequencesAfter(
  known: readonly ProducerSequence[],
  submissions: readonly Submission[],
  nowUs: bigint,
): ProducerSequence[] {
  const stamps = submissions.flatMap(({ producer }) => (producer ? [producer] : []));
  const byEpoch = Map.groupBy(stamps, ({ producerId, epoch }) => `${String(epoch)} ${producerId}`);
  return [...byEpoch.values()].flatMap((group) => {
    const [first] = group;
    if (!first) return [];
    const { producerId, epoch } = first;
    const before =
      known.find((sequence) => sequence.producerId === producerId && sequence.epoch === epoch) ??
      unseenSequence(producerId, epoch);
    return [
      receive(
        before,
        group.map(({ sequence }) => sequence),
        nowUs,
      ),
    ];
  });
}

function identityOf({ tenant, commitment }: { tenant: string; commitment: { eventId: Uint8Array } }): string {
  return `${Buffer.from(commitment.eventId).toString('latin1')}${tenant}`;
}
