import { fromBinary, toBinary } from '@bufbuild/protobuf';
import type { AuditService } from '@plumbline/contract-audit';
import { AppendRequestSchema, type AppendRequest } from '@plumbline/contract-audit';
import { Code, ServiceError, hasReason } from '@plumbline/errors';
import type { CallOptions, Client } from '@plumbline/rpc';
import { errors } from '../domain/errors.ts';
import type { RecentAnswers } from '../domain/recent-answers.ts';
import type { ExistingRecord, GatewayRecord } from '../domain/record.ts';
import type { Spool } from '../store/spool.ts';
import { appendRequestOf, existingRecordOf, type ProducerStamp } from '../messages/record.ts';

/** Lengths of the two texts that precede a spooled request: tenant and caller. */
const SPOOL_HEADER_BYTES = 4;

/**
 * The gateway's way to audit. Mandatory records are committed there before they count; all others go through the
 * spool. Every record carries this process's next sequence number, so that a lost one shows.
 */
export class Recorder {
  readonly #audit: Client<typeof AuditService>;
  readonly #spool: Spool;
  readonly #recent: RecentAnswers;
  readonly #producer: Omit<ProducerStamp, 'sequence'>;
  /** Predictions on their way into the spool, by tenant and id. */
  readonly #spooling = new Map<string, Promise<void>>();
  #sequence = 0n;

  constructor(parts: {
    readonly audit: Client<typeof AuditService>;
    readonly spool: Spool;
    readonly recent: RecentAnswers;
    readonly producer: Omit<ProducerStamp, 'sequence'>;
  }) {
    this.#audit = parts.audit;
    this.#spool = parts.spool;
    this.#recent = parts.recent;
    this.#producer = parts.producer;
  }

  /** Commits in audit. @throws AUDIT_UNAVAILABLE where audit cannot be reached or cannot commit. */
  async commit(record: GatewayRecord, options: CallOptions): Promise<ExistingRecord | undefined> {
    const request = appendRequestOf(record, this.#stamp());
    try {
      const { existing } = await this.#audit.append(request, options);
      return existing === undefined ? undefined : existingRecordOf(existing);
    } catch (error) {
      throw mandatoryFailure(error, record);
    }
  }

  /**
   * Spools a record before its answer leaves. Answers what the id was answered with before, if it was, and no sooner
   * than that answer was spooled.
   */
  async spoolPrediction(record: GatewayRecord): Promise<ExistingRecord | undefined> {
    const { tenant, eventId, request, answer, atUs } = record;
    const key = `${tenant}\0${eventId}`;
    const existing = this.#recent.claim(tenant, eventId, request, answer, atUs);
    if (existing !== undefined) {
      await this.#spooling.get(key);
      return existing;
    }
    const spooled = this.spool(record);
    this.#spooling.set(key, spooled);
    try {
      await spooled;
    } catch (error) {
      this.#recent.forget(tenant, eventId);
      throw error;
    } finally {
      this.#spooling.delete(key);
    }
    return undefined;
  }

  /** @throws SPOOL_FULL. */
  async spool(record: GatewayRecord): Promise<void> {
    const request = toBinary(AppendRequestSchema, appendRequestOf(record, this.#stamp()));
    await this.#spool.append(spoolEntry(record.tenant, record.caller, request));
  }

  /**
   * Sends spooled entries to audit, all at once so that they share a commit. An entry that audit will never take (its
   * id stands for another request) is reported and let go; anything else is kept and tried again.
   */
  async ship(entries: readonly Uint8Array[], onRefused: (error: ServiceError) => void): Promise<void> {
    await Promise.all(
      entries.map(async (entry) => {
        const { tenant, caller, request } = readSpoolEntry(entry);
        try {
          await this.#audit.append(request, {
            tenant,
            metadata: { 'plumbline-caller': caller },
            timeoutMs: 10_000,
          });
        } catch (error) {
          if (!isPermanent(error)) throw error;
          onRefused(error);
        }
      }),
    );
  }

  #stamp(): ProducerStamp {
    this.#sequence += 1n;
    return { ...this.#producer, sequence: this.#sequence };
  }
}

function mandatoryFailure(error: unknown, record: GatewayRecord): unknown {
  if (hasReason(error, 'EVENT_ID_REUSED')) {
    return errors.PREDICTION_ID_REUSED(`prediction id ${record.eventId} was used for another request`, {
      metadata: { predictionId: record.eventId },
      cause: error,
    });
  }
  if (!(error instanceof ServiceError) || !isAbsence(error)) return error;
  return errors.AUDIT_UNAVAILABLE('the record of the prediction could not be committed', {
    cause: error,
    retryAfterMs: error.retryAfterMs ?? 200,
  });
}

function isAbsence(error: ServiceError): boolean {
  return error.code === Code.UNAVAILABLE || error.reason === 'AUDIT_OVERLOADED';
}

const REFUSALS: ReadonlySet<Code> = new Set([
  Code.ALREADY_EXISTS,
  Code.INVALID_ARGUMENT,
  Code.FAILED_PRECONDITION,
]);

function isPermanent(error: unknown): error is ServiceError {
  return error instanceof ServiceError && (REFUSALS.has(error.code) || hasReason(error, 'MESSAGE_TOO_LARGE'));
}

function spoolEntry(tenant: string, caller: string, request: Uint8Array): Buffer {
  const texts = [Buffer.from(tenant), Buffer.from(caller)];
  const header = Buffer.alloc(SPOOL_HEADER_BYTES);
  texts.forEach((text, index) => header.writeUInt16LE(text.length, 2 * index));
  return Buffer.concat([header, ...texts, request]);
}

function readSpoolEntry(entry: Uint8Array): { tenant: string; caller: string; request: AppendRequest } {
  const bytes = Buffer.from(entry.buffer, entry.byteOffset, entry.byteLength);
  const tenantEnd = SPOOL_HEADER_BYTES + bytes.readUInt16LE(0);
  const callerEnd = tenantEnd + bytes.readUInt16LE(2);
  return {
    tenant: bytes.toString('utf8', SPOOL_HEADER_BYTES, tenantEnd),
    caller: bytes.toString('utf8', tenantEnd, callerEnd),
    request: fromBinary(AppendRequestSchema, bytes.subarray(callerEnd)),
  };
}
