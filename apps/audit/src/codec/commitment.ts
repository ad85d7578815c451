import { create, toBinary } from '@bufbuild/protobuf';
import { CommitmentSchema, RecordKind as KindNumber } from '@plumbline/contract-audit';
import { FieldReader, WireError } from '@plumbline/wire';
import { errors } from '../domain/errors.ts';
import { type Commitment, type RecordKind } from '../domain/record.ts';

const KINDS: Readonly<Record<number, RecordKind>> = {
  [KindNumber.PREDICTION]: 'PREDICTION',
  [KindNumber.REFUSAL]: 'REFUSAL',
  [KindNumber.SHADOW]: 'SHADOW',
  [KindNumber.DECISION]: 'DECISION',
};

/** Field numbers of plumbline.audit.v1.Commitment that hold bytes. */
const BYTE_FIELDS = new Map<number, ByteField>([
  [1, 'eventId'],
  [3, 'tenantDigest'],
  [4, 'requestDigest'],
  [5, 'payloadDigest'],
  [6, 'answerDigest'],
  [7, 'modelDigest'],
]);
const KIND = 2;
const AT_US = 8;

type ByteField =
  'eventId' | 'tenantDigest' | 'requestDigest' | 'payloadDigest' | 'answerDigest' | 'modelDigest';
type Mutable<T> = { -readonly [K in keyof T]: T[K] };

/**
 * Takes an encoded Commitment apart without copying: the byte fields are views. Each field may occur once, and unknown
 * fields are refused, for nobody could say later what a leaf with them had committed to. Throws INVALID_RECORD.
 */
export function readCommitment(bytes: Uint8Array): Commitment {
  try {
    return readFields(bytes);
  } catch (cause) {
    if (cause instanceof WireError) throw refuse('is no protobuf', cause);
    throw cause;
  }
}

function readFields(bytes: Uint8Array): Commitment {
  const none = bytes.subarray(0, 0);
  const fields: Mutable<Omit<Commitment, 'kind'>> = {
    bytes,
    eventId: none,
    tenantDigest: none,
    requestDigest: none,
    payloadDigest: none,
    answerDigest: none,
    modelDigest: none,
    atUs: 0n,
  };
  let kind: RecordKind | undefined;
  const reader = new FieldReader(bytes);
  for (let seen = 0; reader.next();) {
    if ((seen >> reader.field) & 1) throw refuse(`repeats field ${reader.field}`);
    seen |= 1 << reader.field;
    const name = BYTE_FIELDS.get(reader.field);
    if (name !== undefined) fields[name] = reader.bytes();
    else if (reader.field === KIND) kind = KINDS[reader.uint32()];
    else if (reader.field === AT_US) fields.atUs = BigInt.asIntN(64, reader.uint64());
    else throw refuse(`has the unknown field ${reader.field}`);
  }
  if (kind === undefined) throw refuse('names no known kind');
  return { ...fields, kind };
}

/** What a decision commits to. */
export interface DecisionFacts {
  readonly eventId: Uint8Array;
  readonly tenantDigest: Uint8Array;
  readonly requestDigest: Uint8Array;
  readonly payloadDigest: Uint8Array;
  readonly atUs: bigint;
}

/** The encoded commitment of a decision. */
export function encodeDecision(facts: DecisionFacts): Uint8Array {
  return toBinary(
    CommitmentSchema,
    create(CommitmentSchema, {
      eventId: facts.eventId,
      kind: KindNumber.DECISION,
      tenantSha256: facts.tenantDigest,
      requestSha256: facts.requestDigest,
      payloadSha256: facts.payloadDigest,
      atUs: facts.atUs,
    }),
  );
}

export function kindMessage(kind: RecordKind): KindNumber {
  return KindNumber[kind];
}

/** The kinds that a request for `kind` means: all for UNSPECIFIED. Throws INVALID_QUERY on a number of no kind. */
export function kindsWanted(kind: KindNumber, all: readonly RecordKind[]): readonly RecordKind[] {
  if (kind === KindNumber.UNSPECIFIED) return all;
  const wanted = KINDS[kind];
  if (wanted === undefined) throw errors.INVALID_QUERY(`there is no record kind ${kind}`);
  return [wanted];
}

function refuse(description: string, cause?: unknown) {
  return errors.INVALID_RECORD(`the commitment ${description}`, {
    fieldViolations: [{ field: 'commitment', description }],
    ...(cause === undefined ? {} : { cause }),
  });
}
