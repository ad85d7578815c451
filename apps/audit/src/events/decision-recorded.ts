import { hash } from 'node:crypto';
import { toBinary } from '@bufbuild/protobuf';
import { DecisionRecordedSchema, type DecisionRecorded } from '@plumbline/contract-events';
import type { Envelope } from '@plumbline/events';
import { parseUuid } from '@plumbline/uuid';
import { encodeDecision, readCommitment } from '../codec/commitment.ts';
import { checkSubmission } from '../domain/check-submission.ts';
import { errors } from '../domain/errors.ts';
import { tenantDigest } from '../domain/event-id.ts';
import { type AppendOutcome } from '../domain/plan-append.ts';
import { type Submission } from '../domain/record.ts';

/** Subjects on which services tell what they decided. */
export const DECISION_SUBJECTS = ['registry', 'monitor', 'features', 'trainer'].map((service) => ({
  durable: `audit-decisions-${service}`,
  subject: `plumbline.${service}.decision-recorded`,
}));

/** Appends within the transaction in which an event is marked as handled. */
export type AppendWithin<Tx> = (tx: Tx, submission: Submission) => Promise<AppendOutcome>;

/**
 * Makes a decision a leaf, once however often it is told. Throws INVALID_DECISION on an id that is no UUID and
 * EVENT_ID_REUSED on an id that another decision has: both become dead letters.
 */
export function decisionRecorded<Tx>(append: AppendWithin<Tx>) {
  return async (tx: Tx, message: DecisionRecorded, envelope: Envelope): Promise<void> => {
    const submission = submissionOf(message, envelope);
    checkSubmission(submission);
    const { status } = await append(tx, submission);
    if (status === 'ID_REUSED') {
      throw errors.EVENT_ID_REUSED(`another decision was recorded under ${message.decisionId}`);
    }
  };
}

function submissionOf(message: DecisionRecorded, { tenant, occurredAtUs }: Envelope): Submission {
  const eventId = parseUuid(message.decisionId);
  if (!eventId) throw errors.INVALID_DECISION(`"${message.decisionId}" is no UUID`);
  const payload = toBinary(DecisionRecordedSchema, message);
  const digest = hash('sha256', payload, 'buffer');
  const commitment = encodeDecision({
    eventId,
    tenantDigest: tenantDigest(tenant, eventId),
    requestDigest: digest,
    payloadDigest: digest,
    atUs: message.atUs > 0n ? message.atUs : occurredAtUs,
  });
  return { tenant, commitment: readCommitment(commitment), payload };
}
