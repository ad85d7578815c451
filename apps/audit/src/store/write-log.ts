import { enqueue } from '@plumbline/events';
import type { Transaction } from '@plumbline/sql';
import { type LogWrite, type NewPayload } from '../domain/plan-append.ts';
import { type ProducerSequence } from '../domain/producer-sequence.ts';
import { type Segment } from '../domain/segment.ts';
import { concatenate, createParameters, flatten, type AddParameter } from './parameters.ts';
import { recordedEvents } from './recorded-events.ts';
import { SEGMENT_COLUMNS, kindNumber } from './segment-row.ts';

/**
 * Writes all that a batch changes in one statement, and its events in another: at a few records per commit, round
 * trips are most of what a caller waits for.
 */
export async function writeLog(tx: Transaction, write: LogWrite): Promise<void> {
  const { add, values } = createParameters();
  const text = `
    WITH new_segments AS (${insertSegments(add, write.segments)}),
         new_payloads AS (${insertPayloads(add, write.payloads)}),
         new_counts AS (${countRecords(add, write.segments)}),
         new_sequences AS (${moveSequences(add, write.sequences)})
    UPDATE log_head
    SET next_index = ${add.bigint(write.nextIndex)}, committed_at_us = ${add.bigint(write.committedAtUs)}`;
  await tx.query(text, values, { name: 'audit_write_log' });
  await enqueue(tx, write.facts.flatMap(recordedEvents));
}

function insertSegments(add: AddParameter, segments: readonly Segment[]): string {
  const packed = concatenate(segments.map((segment) => segment.packed));
  const models = concatenate(segments.map((segment) => segment.modelDigest));
  const keys = flatten(segments.map((segment) => segment.idKeys));
  return `
    INSERT INTO segments (${SEGMENT_COLUMNS})
    SELECT first_index, tenant, kind, substring(${add.bytes(models.bytes)} FROM model_at + 1 FOR model_length),
           committed_at_us, record_count, (${add.bigints(keys.items)})[keys_at + 1 : keys_at + keys_length],
           substring(${add.bytes(packed.bytes)} FROM packed_at + 1 FOR packed_length)
    FROM unnest(${add.bigints(segments.map(({ firstIndex }) => firstIndex))},
                ${add.texts(segments.map(({ tenant }) => tenant))},
                ${add.ints(segments.map(({ kind }) => kindNumber(kind)))},
                ${add.bigints(segments.map(({ committedAtUs }) => committedAtUs))},
                ${add.ints(segments.map(({ count }) => count))},
                ${add.ints(models.offsets)}, ${add.ints(models.lengths)},
                ${add.ints(keys.offsets)}, ${add.ints(keys.lengths)},
                ${add.ints(packed.offsets)}, ${add.ints(packed.lengths)})
      AS s (first_index, tenant, kind, committed_at_us, record_count, model_at, model_length, keys_at, keys_length,
            packed_at, packed_length)`;
}

function insertPayloads(add: AddParameter, payloads: readonly NewPayload[]): string {
  const { bytes, offsets, lengths } = concatenate(payloads.map((payload) => payload.bytes));
  return `
    INSERT INTO payloads (tenant, leaf_index, payload)
    SELECT tenant, leaf_index, substring(${add.bytes(bytes)} FROM payload_at + 1 FOR payload_length)
    FROM unnest(${add.texts(payloads.map(({ tenant }) => tenant))},
                ${add.bigints(payloads.map(({ leafIndex }) => leafIndex))},
                ${add.ints(offsets)}, ${add.ints(lengths)})
      AS p (tenant, leaf_index, payload_at, payload_length)`;
}

function countRecords(add: AddParameter, segments: readonly Segment[]): string {
  return `
    INSERT INTO record_counts AS counted (tenant, kind, records)
    SELECT tenant, kind, sum(record_count)
    FROM unnest(${add.texts(segments.map(({ tenant }) => tenant))},
                ${add.ints(segments.map(({ kind }) => kindNumber(kind)))},
                ${add.ints(segments.map(({ count }) => count))})
      AS s (tenant, kind, record_count)
    GROUP BY tenant, kind
    ON CONFLICT (tenant, kind) DO UPDATE SET records = counted.records + excluded.records`;
}

function moveSequences(add: AddParameter, sequences: readonly ProducerSequence[]): string {
  const gaps = flatten(sequences.map((sequence) => sequence.gaps));
  const slice = '[gaps_at + 1 : gaps_at + gaps_length]';
  return `
    INSERT INTO producer_sequences (producer_id, epoch, next_sequence, gap_firsts, gap_lasts, gap_noticed_us)
    SELECT producer_id, epoch, next_sequence,
           (${add.bigints(gaps.items.map(({ first }) => first))})${slice},
           (${add.bigints(gaps.items.map(({ last }) => last))})${slice},
           (${add.bigints(gaps.items.map(({ noticedAtUs }) => noticedAtUs))})${slice}
    FROM unnest(${add.texts(sequences.map(({ producerId }) => producerId))},
                ${add.bigints(sequences.map(({ epoch }) => epoch))},
                ${add.bigints(sequences.map(({ next }) => next))},
                ${add.ints(gaps.offsets)}, ${add.ints(gaps.lengths)})
      AS s (producer_id, epoch, next_sequence, gaps_at, gaps_length)
    ON CONFLICT (producer_id, epoch) DO UPDATE
    SET next_sequence = excluded.next_sequence, gap_firsts = excluded.gap_firsts,
        gap_lasts = excluded.gap_lasts, gap_noticed_us = excluded.gap_noticed_us`;
}
