/** What a record is of. */
export type RecordKind = 'PREDICTION' | 'REFUSAL' | 'SHADOW' | 'DECISION';

export const RECORD_KINDS: readonly RecordKind[] = ['PREDICTION', 'REFUSAL', 'SHADOW', 'DECISION'];

/** A commitment as its producer encoded it, and what it says. The byte fields are views into `bytes`. */
export interface Commitment {
  /** The leaf of the log: hashed and stored exactly so. */
  readonly bytes: Uint8Array;
  /** 16 bytes of a UUID. */
  readonly eventId: Uint8Array;
  readonly kind: RecordKind;
  /** `tenantDigest(tenant, eventId)`. */
  readonly tenantDigest: Uint8Array;
  readonly requestDigest: Uint8Array;
  readonly payloadDigest: Uint8Array;
  readonly answerDigest: Uint8Array;
  /** Empty for refusals and decisions. */
  readonly modelDigest: Uint8Array;
  /** When it was decided, epoch microseconds. */
  readonly atUs: bigint;
}

/** Takes an encoded commitment apart; throws INVALID_RECORD. The encoding itself is not the domain's business. */
export type ReadCommitment = (bytes: Uint8Array) => Commitment;

/** Where a record stands in its producer's sequence. */
export interface ProducerStamp {
  readonly producerId: string;
  readonly epoch: bigint;
  /** 1, 2, 3, … within the epoch. */
  readonly sequence: bigint;
}

/** A record that asks to be committed. */
export interface Submission {
  readonly tenant: string;
  readonly commitment: Commitment;
  /** Empty when the policy keeps none. */
  readonly payload: Uint8Array;
  readonly producer?: ProducerStamp;
  /** Encoded PredictionFacts for the monitor; the domain passes them on unread. */
  readonly facts?: Uint8Array;
}

/** A committed record without its payload. */
export interface RecordEntry {
  readonly tenant: string;
  readonly leafIndex: bigint;
  readonly committedAtUs: bigint;
  readonly commitment: Commitment;
}

/** A committed record; `payload` is empty when none is kept. */
export interface StoredRecord extends RecordEntry {
  readonly payload: Uint8Array;
}
