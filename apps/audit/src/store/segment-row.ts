import { type RecordKind } from '../domain/record.ts';
import { type Segment } from '../domain/segment.ts';

/** Numbers of the kinds in the database; those of the contract. Never renumber. */
const KIND_NUMBERS: Readonly<Record<RecordKind, number>> = {
  PREDICTION: 1,
  REFUSAL: 2,
  SHADOW: 3,
  DECISION: 4,
};
const KINDS = new Map(
  Object.entries(KIND_NUMBERS).map(([kind, number]): [number, RecordKind] => [number, kind as RecordKind]),
);

export const SEGMENT_COLUMNS =
  'first_index, tenant, kind, model_sha256, committed_at_us, record_count, id_keys, packed';

export interface SegmentRow {
  readonly first_index: bigint;
  readonly tenant: string;
  readonly kind: number;
  readonly model_sha256: Buffer;
  readonly committed_at_us: bigint;
  readonly record_count: number;
  readonly id_keys: bigint[];
  readonly packed: Buffer;
}

export function segmentOf(row: SegmentRow): Segment {
  return {
    firstIndex: row.first_index,
    count: row.record_count,
    tenant: row.tenant,
    kind: kindOf(row.kind),
    modelDigest: row.model_sha256,
    committedAtUs: row.committed_at_us,
    idKeys: row.id_keys,
    packed: row.packed,
  };
}

export function kindNumber(kind: RecordKind): number {
  return KIND_NUMBERS[kind];
}

export function kindOf(number: number): RecordKind {
  const kind = KINDS.get(number);
  if (kind === undefined) throw new Error(`the database holds a record of unknown kind ${number}`);
  return kind;
}
