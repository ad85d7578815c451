import { ServiceError } from '@plumbline/errors';
import type { Log } from '@plumbline/rpc';
import { decodeSpoolEntry, eventIdOf } from '../messages/spool-entry.ts';
import type { Recorder } from './recorder.ts';

export interface ShippingParts {
  readonly recorder: Pick<Recorder, 'ship'>;
  /** Keeps an entry for a person to look at; false where there is no more room. */
  readonly keep: (reason: string, entry: Uint8Array) => Promise<boolean>;
  readonly log: Log;
  readonly count: (reason: string) => void;
}

/** Ships entries of the spool; one that audit will never take is kept aside, counted and told, and the rest goes on. */
export function shipRecords({ recorder, keep, log, count }: ShippingParts) {
  return (entries: readonly Uint8Array[]): Promise<void> =>
    recorder.ship(entries, async (entry, error) => {
      const reason = reasonOf(error);
      const kept = await keep(reason, entry);
      count(reason);
      const fields = { ...namesOf(entry), reason, error, sizeBytes: entry.length };
      if (kept) log.error(fields, 'audit will never take this record: it is kept aside as unshippable');
      else log.error(fields, 'audit will never take this record, and there is no room to keep it aside');
    });
}

/** Names a file and a metric, so nothing but a reason as catalogues have them. */
function reasonOf(error: unknown): string {
  return error instanceof ServiceError && /^[A-Z][A-Z0-9_]{0,62}$/.test(error.reason)
    ? error.reason
    : 'UNSENDABLE';
}

function namesOf(entry: Uint8Array): { readonly tenant?: string; readonly eventId?: string } {
  try {
    const record = decodeSpoolEntry(entry);
    return { tenant: record.tenant, eventId: eventIdOf(record) };
  } catch {
    // An entry that cannot be read has no names; why it was refused says the line itself.
    return {};
  }
}
