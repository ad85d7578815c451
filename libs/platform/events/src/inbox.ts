import type { Database, Queryable } from '@plumbline/sql';

/** Longer than the stream and any outbox keep an event, so that no repetition outlives its inbox row. */
const KEEP_DAYS = 30;

/** Notes these events as handled by `durable`. Yields the ids that were not before. */
export async function noteHandled(
  tx: Queryable,
  durable: string,
  events: readonly { readonly id: string; readonly tenant: string }[],
): Promise<Set<string>> {
  const rows = await tx.query<{ event_id: string }>(
    `INSERT INTO inbox (durable, event_id, tenant)
     SELECT $1, * FROM unnest($2::uuid[], $3::text[]) ON CONFLICT DO NOTHING RETURNING event_id`,
    [durable, events.map(({ id }) => id), events.map(({ tenant }) => tenant)],
    { name: 'plumbline_inbox' },
  );
  return new Set(rows.map((row) => row.event_id));
}

export async function pruneInbox(database: Database, durable: string): Promise<void> {
  await database.query(
    `DELETE FROM inbox WHERE durable = $1 AND handled_at < now() - make_interval(days => $2)`,
    [durable, KEEP_DAYS],
  );
}
