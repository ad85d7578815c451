import type { Queryable } from '@plumbline/sql';
import type { EventTime } from '../domain/event-time.ts';

interface ProgressRow {
  readonly watermark_us: bigint;
  readonly judged_until_us: bigint;
  readonly announced_until_us: bigint;
  readonly elsewhere: number;
  readonly elsewhere_first_us: bigint | null;
  readonly elsewhere_last_us: bigint | null;
}

const COLUMNS =
  'watermark_us, judged_until_us, announced_until_us, elsewhere, elsewhere_first_us, elsewhere_last_us';

/** Locks a model's progress; with `skipLocked`, undefined also when someone else holds it. */
export async function lockEventTime(
  tx: Queryable,
  tenant: string,
  model: string,
  { skipLocked }: { readonly skipLocked: boolean },
): Promise<EventTime | undefined> {
  const [row] = await tx.query<ProgressRow>(
    `SELECT ${COLUMNS} FROM model_progress WHERE tenant = $1 AND model = $2
     FOR UPDATE ${skipLocked ? 'SKIP LOCKED' : ''}`,
    [tenant, model],
    { name: skipLocked ? 'monitor_try_lock_progress' : 'monitor_lock_progress' },
  );
  return row && eventTimeOf(row);
}

function eventTimeOf(row: ProgressRow): EventTime {
  return {
    watermarkUs: row.watermark_us,
    judgedUntilUs: row.judged_until_us,
    announcedUntilUs: row.announced_until_us,
    elsewhere: row.elsewhere,
    elsewhereFirstUs: row.elsewhere_first_us ?? undefined,
    elsewhereLastUs: row.elsewhere_last_us ?? undefined,
  };
}
