import type { Queryable } from '@plumbline/sql';
import { type ProducerSequence } from '../domain/producer-sequence.ts';
import { type ProducerStamp } from '../domain/record.ts';

interface SequenceRow {
  readonly producer_id: string;
  readonly epoch: bigint;
  readonly next_sequence: bigint;
  readonly gap_firsts: bigint[];
  readonly gap_lasts: bigint[];
  readonly gap_noticed_us: bigint[];
}

const COLUMNS = 'producer_id, epoch, next_sequence, gap_firsts, gap_lasts, gap_noticed_us';

/** The sequences of these producers' epochs, as far as anything came of them. */
export async function readSequences(
  tx: Queryable,
  producers: readonly ProducerStamp[],
): Promise<ProducerSequence[]> {
  const distinct = [...Map.groupBy(producers, ({ producerId, epoch }) => `${String(epoch)} ${producerId}`)];
  const stamps = distinct.flatMap(([, [first]]) => (first ? [first] : []));
  const rows = await tx.query<SequenceRow>(
    `SELECT ${COLUMNS} FROM producer_sequences
     WHERE (producer_id, epoch) IN (SELECT * FROM unnest($1::text[], $2::bigint[]))`,
    [stamps.map(({ producerId }) => producerId), stamps.map(({ epoch }) => epoch)],
    { name: 'audit_read_sequences' },
  );
  return rows.map(sequenceOf);
}

/** All sequences in which numbers are missing, by producer and epoch. */
export async function readGaps(database: Queryable): Promise<ProducerSequence[]> {
  const rows = await database.query<SequenceRow>(
    `SELECT ${COLUMNS} FROM producer_sequences WHERE cardinality(gap_firsts) > 0 ORDER BY producer_id, epoch`,
  );
  return rows.map(sequenceOf);
}

function sequenceOf(row: SequenceRow): ProducerSequence {
  return {
    producerId: row.producer_id,
    epoch: row.epoch,
    next: row.next_sequence,
    gaps: row.gap_firsts.map((first, index) => ({
      first,
      last: row.gap_lasts[index] ?? first,
      noticedAtUs: row.gap_noticed_us[index] ?? 0n,
    })),
  };
}
