import { dueMidnights, type EventTime } from './event-time.ts';

/** What one pass over a model's labels reads and writes; all calls on one ledger are one transaction. */
export interface LabelLedger {
  /** Undefined when another replica is at it. */
  lockEventTime(tenant: string, model: string): Promise<EventTime | undefined>;
  /** How far the tenant's labels have come; 0 without any. */
  completeUntil(tenant: string): Promise<bigint>;
  /** Labels of the tenant that became known before the instant and have no prediction yet. */
  countWaiting(tenant: string, beforeUs: bigint): Promise<number>;
  /** Labels of the model's answered predictions that became known before the instant. */
  countJoined(tenant: string, model: string, beforeUs: bigint): Promise<number>;
  announce(tenant: string, model: string, announcements: readonly LabelsAdvance[]): Promise<void>;
}

export interface LabelsAdvance {
  /** The midnight that labels have reached. */
  readonly boundaryUs: bigint;
  /** Labels joined and known before it. */
  readonly labelsTotal: number;
}

/**
 * Announces each midnight that the labels have reached, once, with the labels joined before it. While labels from
 * before a midnight wait for predictions that may still be under way it is held back, unless `patient` is false:
 * some wait for ever. Yields whether anything is held back.
 */
export async function announceLabels(
  ledger: LabelLedger,
  tenant: string,
  model: string,
  patient: boolean,
): Promise<boolean> {
  const eventTime = await ledger.lockEventTime(tenant, model);
  if (eventTime === undefined) return false;
  const due = dueMidnights(eventTime, await ledger.completeUntil(tenant));
  const last = due.at(-1);
  if (last === undefined) return false;
  if (patient && (await ledger.countWaiting(tenant, last)) > 0) return true;
  const announcements: LabelsAdvance[] = [];
  for (const boundaryUs of due) {
    announcements.push({ boundaryUs, labelsTotal: await ledger.countJoined(tenant, model, boundaryUs) });
  }
  await ledger.announce(tenant, model, announcements);
  return false;
}
