import { type Commitment, type ReadCommitment, type RecordEntry, type RecordKind } from './record.ts';
import { indexKey } from './event-id.ts';
import { packSegment, unpackSegment } from './segment-codec.ts';

/**
 * Consecutive leaves committed together that share tenant, kind, model and encoding: what the store keeps as one row.
 * The packed commitments are the log; every other field follows from them and is there to be searched by.
 */
export interface Segment {
  readonly firstIndex: bigint;
  readonly count: number;
  readonly tenant: string;
  readonly kind: RecordKind;
  /** Empty for refusals and decisions. */
  readonly modelDigest: Uint8Array;
  readonly committedAtUs: bigint;
  /** `indexKey` of each record, without repetition. */
  readonly idKeys: readonly bigint[];
  /** `packSegment` of the commitments, in leaf order. */
  readonly packed: Uint8Array;
}

/** A record on its way into a segment. */
export interface SegmentMember {
  readonly tenant: string;
  readonly commitment: Commitment;
}

/** Splits members into those that can share a segment, keeping their order within each group. */
export function groupMembers<M extends SegmentMember>(members: readonly M[]): [M, ...M[]][] {
  const groups: [M, ...M[]][] = [];
  for (const member of members) {
    const group = groups.find(([head]) => canShareSegment(head, member));
    if (group) group.push(member);
    else groups.push([member]);
  }
  return groups;
}

/** The segment of one group of `groupMembers`. */
export function makeSegment(
  members: readonly [SegmentMember, ...SegmentMember[]],
  firstIndex: bigint,
  committedAtUs: bigint,
): Segment {
  const [{ tenant, commitment }] = members;
  const shape = shapeOf(commitment);
  const keys = members.map((member) => indexKey(tenant, member.commitment.eventId, committedAtUs));
  const entries = members.map((member) => member.commitment.bytes);
  return {
    firstIndex,
    count: members.length,
    tenant,
    kind: commitment.kind,
    modelDigest: commitment.modelDigest,
    committedAtUs,
    idKeys: [...new Set(keys)],
    packed: packSegment(entries, tenant, shape),
  };
}

/** The records of a segment, in leaf order. */
export function entriesOf(segment: Segment, read: ReadCommitment): RecordEntry[] {
  const { tenant, firstIndex, committedAtUs } = segment;
  return unpackSegment(segment.packed, tenant).map((bytes, offset) => ({
    tenant,
    leafIndex: firstIndex + BigInt(offset),
    committedAtUs,
    commitment: read(bytes),
  }));
}

/** One past the last leaf of a segment. */
export function endOf(segment: Segment): bigint {
  return segment.firstIndex + BigInt(segment.count);
}

function canShareSegment(a: SegmentMember, b: SegmentMember): boolean {
  const [left, right] = [shapeOf(a.commitment), shapeOf(b.commitment)];
  return (
    a.tenant === b.tenant &&
    a.commitment.kind === b.commitment.kind &&
    a.commitment.bytes.length === b.commitment.bytes.length &&
    left.idOffset === right.idOffset &&
    left.tenantDigestOffset === right.tenantDigestOffset &&
    Buffer.compare(a.commitment.modelDigest, b.commitment.modelDigest) === 0
  );
}

function shapeOf({ bytes, eventId, tenantDigest }: Commitment) {
  return {
    idOffset: eventId.byteOffset - bytes.byteOffset,
    tenantDigestOffset: tenantDigest.byteOffset - bytes.byteOffset,
  };
}
