import { fromBinary } from '@bufbuild/protobuf';
import { AppendResponseSchema, PredictionFactsSchema } from '@plumbline/contract-audit';
import { requireTenant, type CallContext, type RawHandler } from '@plumbline/rpc';
import { FieldReader, WireError } from '@plumbline/wire';
import { formatUuid } from '@plumbline/uuid';
import { type Appender } from '../domain/appender.ts';
import { checkSubmission } from '../domain/check-submission.ts';
import { errors } from '../domain/errors.ts';
import { type ProducerStamp, type Submission } from '../domain/record.ts';
import { type Records } from '../domain/records.ts';
import { readCommitment } from '../codec/commitment.ts';
import { encode, recordMessage } from './messages.ts';

const NOTHING_EXISTING = Buffer.alloc(0);
const NO_BYTES = new Uint8Array(0);

/**
 * Append, from bytes to bytes: it is called once per prediction, and taking only the request's four fields apart
 * leaves commitment, payload and facts as the views that they are stored from.
 */
export function append(appender: Appender, recordsFor: (call: CallContext) => Records): RawHandler {
  return async (request, context) => {
    const submission = readSubmission(request, requireTenant(context));
    checkSubmission(submission);
    if (submission.facts) checkFacts(submission.facts, submission.commitment.eventId);
    const outcome = await appender.append(submission, () => context.signal.aborted);
    if (outcome.status === 'RECORDED') return NOTHING_EXISTING;
    const existing = await recordsFor(context).withPayload(outcome.entry);
    return encode(AppendResponseSchema, { existing: recordMessage(existing) });
  };
}

/** An encoded AppendRequest as a submission of `tenant`. Throws INVALID_RECORD. */
export function readSubmission(request: Uint8Array, tenant: string): Submission {
  try {
    const { commitment, payload, producer, facts } = readRequest(request);
    const submission = { tenant, commitment: readCommitment(commitment), payload };
    return { ...submission, ...(producer ? { producer } : {}), ...(facts ? { facts } : {}) };
  } catch (cause) {
    if (cause instanceof WireError) throw invalid('request', 'is no AppendRequest', cause);
    throw cause;
  }
}

function readRequest(request: Uint8Array) {
  let commitment: Uint8Array = NO_BYTES;
  let payload: Uint8Array = NO_BYTES;
  let producer: ProducerStamp | undefined;
  let facts: Uint8Array | undefined;
  const reader = new FieldReader(request);
  while (reader.next()) {
    if (reader.field === 1) commitment = reader.bytes();
    else if (reader.field === 2) payload = reader.bytes();
    else if (reader.field === 3) producer = readProducer(reader.message());
    else if (reader.field === 4) facts = reader.bytes();
    else reader.skip();
  }
  return { commitment, payload, producer, facts };
}

function readProducer(reader: FieldReader): ProducerStamp {
  const stamp = { producerId: '', epoch: 0n, sequence: 0n };
  while (reader.next()) {
    if (reader.field === 1) stamp.producerId = reader.string();
    else if (reader.field === 2) stamp.epoch = BigInt.asIntN(64, reader.uint64());
    else if (reader.field === 3) stamp.sequence = BigInt.asIntN(64, reader.uint64());
    else reader.skip();
  }
  return stamp;
}

/** Facts leave in an event with those of other records: bytes that the monitor cannot read would take them along. */
function checkFacts(facts: Uint8Array, eventId: Uint8Array): void {
  let predictionId: string;
  try {
    predictionId = fromBinary(PredictionFactsSchema, facts, { readUnknownFields: false }).predictionId;
  } catch (cause) {
    throw invalid('facts', 'are no PredictionFacts', cause);
  }
  if (predictionId.toLowerCase() !== formatUuid(eventId)) {
    throw invalid('facts.prediction_id', 'is not the event id of the commitment');
  }
}

function invalid(field: string, description: string, cause?: unknown) {
  return errors.INVALID_RECORD(`${field} ${description}`, {
    fieldViolations: [{ field, description }],
    ...(cause === undefined ? {} : { cause }),
  });
}
