import type { AuditService } from '@plumbline/contract-audit';
import { Code, ServiceError, hasReason } from '@plumbline/errors';
import type { CallOptions, Client } from '@plumbline/rpc';
import { errors } from '../domain/errors.ts';
import type { RecentAnswers } from '../domain/recent-answers.ts';
import type { ExistingRecord, GatewayRecord } from '../domain/record.ts';
import type { Spool } from '../store/spool.ts';
import { appendRequestOf, existingRecordOf, type ProducerStamp } from '../messages/record.ts';
import { decodeSpoolEntry, encodeSpoolEntry } from '../messages/spool-entry.ts';

const SHIPMENT_TIMEOUT_MS = 10_000;

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
    const { tenant, caller } = record;
    const request = appendRequestOf(record, this.#stamp());
    await this.#spool.append(encodeSpoolEntry({ tenant, caller, request }));
  }

  /**
   * Sends spooled entries to audit, all at once so that they share a commit. Where any may succeed later, throws, and all
   * are to be offered again. Otherwise each that audit will never take is set aside, once, in order.
   */
  async ship(
    entries: readonly Uint8Array[],
    setAside: (entry: Uint8Array, error: unknown) => Promise<void>,
  ): Promise<void> {
    const refused: { readonly entry: Uint8Array; readonly error: unknown }[] = [];
    const shipments = await Promise.allSettled(
      entries.map(async (entry) => {
        try {
          await this.#send(entry);
        } catch (error) {
          if (isTransient(error)) throw error;
          refused.push({ entry, error });
        }
      }),
    );
    const failed = shipments.find((shipment) => shipment.status === 'rejected');
    if (failed !== undefined) throw failed.reason;
    for (const { entry, error } of refused) await setAside(entry, error);
  }

  async #send(entry: Uint8Array): Promise<void> {
    const { tenant, caller, request } = decodeSpoolEntry(entry);
    const metadata = { 'plumbline-caller': caller };
    await this.#audit.append(request, { tenant, metadata, timeoutMs: SHIPMENT_TIMEOUT_MS });
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

/** What says nothing of the record itself: audit or the way there is in trouble, or one of the two is misconfigured. */
const TRANSIENT: ReadonlySet<Code> = new Set([
  Code.UNAVAILABLE,
  Code.DEADLINE_EXCEEDED,
  Code.RESOURCE_EXHAUSTED,
  Code.ABORTED,
  Code.CANCELLED,
  Code.UNAUTHENTICATED,
  Code.PERMISSION_DENIED,
  Code.UNIMPLEMENTED,
]);

function isTransient(error: unknown): boolean {
  if (!(error instanceof ServiceError) || !TRANSIENT.has(error.code)) return false;
  return !hasReason(error, 'MESSAGE_TOO_LARGE') && !hasReason(error, 'TOO_MANY_ELEMENTS');
}
