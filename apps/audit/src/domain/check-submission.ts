import { hash } from 'node:crypto';
import type { FieldViolation } from '@plumbline/errors';
import { errors } from './errors.ts';
import { EVENT_ID_BYTES, tenantDigest } from './event-id.ts';
import { type Commitment, type ProducerStamp, type Submission } from './record.ts';

/** Bounds of one record, in bytes. */
export const LIMITS = {
  commitmentBytes: 4_096,
  payloadBytes: 1_048_576,
  factsBytes: 65_536,
  producerIdBytes: 128,
  tenantBytes: 128,
} as const;

const DIGEST_BYTES = 32;
const MAX_INT64 = (1n << 63n) - 1n;

/**
 * Passes a submission that the log may take. Throws RECORD_TOO_LARGE, INVALID_RECORD with every violated field,
 * TENANT_MISMATCH or PAYLOAD_MISMATCH.
 */
export function checkSubmission(submission: Submission): void {
  checkSizes(submission);
  const { commitment, producer } = submission;
  const violations = [...commitmentViolations(commitment), ...(producer ? producerViolations(producer) : [])];
  if (violations.length > 0) {
    const fields = violations.map(({ field }) => field).join(', ');
    throw errors.INVALID_RECORD(`the record is not valid: ${fields}`, { fieldViolations: violations });
  }
  checkDigests(submission);
}

function checkSizes({ tenant, commitment, payload, facts, producer }: Submission): void {
  const parts: readonly (readonly [string, number, number])[] = [
    ['commitment', commitment.bytes.length, LIMITS.commitmentBytes],
    ['payload', payload.length, LIMITS.payloadBytes],
    ['facts', facts?.length ?? 0, LIMITS.factsBytes],
    ['producer.producer_id', Buffer.byteLength(producer?.producerId ?? ''), LIMITS.producerIdBytes],
    ['tenant', Buffer.byteLength(tenant), LIMITS.tenantBytes],
  ];
  for (const [part, sizeBytes, limitBytes] of parts) {
    if (sizeBytes <= limitBytes) continue;
    throw errors.RECORD_TOO_LARGE(`${part} has ${sizeBytes} bytes, at most ${limitBytes} are taken`, {
      metadata: { part, sizeBytes: String(sizeBytes), limitBytes: String(limitBytes) },
    });
  }
}

function commitmentViolations(commitment: Commitment): FieldViolation[] {
  const { eventId, kind, tenantDigest, requestDigest, payloadDigest, answerDigest, modelDigest } = commitment;
  const answered = kind === 'PREDICTION' || kind === 'SHADOW';
  const fields: readonly (readonly [string, Uint8Array, readonly number[]])[] = [
    ['event_id', eventId, [EVENT_ID_BYTES]],
    ['tenant_sha256', tenantDigest, [DIGEST_BYTES]],
    ['request_sha256', requestDigest, [DIGEST_BYTES]],
    ['payload_sha256', payloadDigest, [DIGEST_BYTES]],
    ['answer_sha256', answerDigest, answered ? [DIGEST_BYTES] : [DIGEST_BYTES, 0]],
    ['model_sha256', modelDigest, [DIGEST_BYTES, 0]],
  ];
  const wrong = fields
    .filter(([, bytes, lengths]) => !lengths.includes(bytes.length))
    .map(([field, bytes, [length]]) => ({
      field: `commitment.${field}`,
      description: `has ${bytes.length} bytes, not ${length ?? 0}`,
    }));
  if (commitment.atUs > 0n) return wrong;
  return [...wrong, { field: 'commitment.at_us', description: 'is not an instant after 1970' }];
}

function producerViolations({ producerId, epoch, sequence }: ProducerStamp): FieldViolation[] {
  const rules: readonly (readonly [boolean, string, string])[] = [
    [producerId !== '' && !producerId.includes('\0'), 'producer.producer_id', 'is empty or holds a NUL'],
    [epoch >= 0n && epoch <= MAX_INT64, 'producer.epoch', 'is negative'],
    [sequence >= 1n && sequence < MAX_INT64, 'producer.sequence', 'does not count from 1'],
  ];
  return rules.filter(([holds]) => !holds).map(([, field, description]) => ({ field, description }));
}

function checkDigests({ tenant, commitment, payload }: Submission): void {
  if (!tenantDigest(tenant, commitment.eventId).equals(commitment.tenantDigest)) {
    throw errors.TENANT_MISMATCH('tenant_sha256 is not SHA-256(tenant, 0x00, event_id) of the acting tenant');
  }
  const digest = hash('sha256', payload, 'buffer');
  if (!digest.equals(commitment.payloadDigest)) {
    throw errors.PAYLOAD_MISMATCH('payload_sha256 is not the digest of the payload');
  }
}
