/**
 * Tables that platform libraries need in every schema that uses them, included by a migration's line
 * `-- include: <name>`. A published fragment never changes: a later shape is a new fragment, included by a new
 * migration.
 */
export const FRAGMENTS: Readonly<Record<string, string>> = {
  outbox: `
CREATE TABLE outbox (
  event_id uuid PRIMARY KEY,
  tenant text NOT NULL,
  subject text NOT NULL,
  type text NOT NULL,
  payload bytea NOT NULL,
  traceparent text NOT NULL DEFAULT '',
  occurred_at timestamptz NOT NULL,
  enqueued_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  published_at timestamptz,
  stream_sequence bigint
);
CREATE INDEX outbox_unpublished ON outbox (enqueued_at) WHERE published_at IS NULL;
CREATE INDEX outbox_published ON outbox (published_at) WHERE published_at IS NOT NULL;
`,
  inbox: `
CREATE TABLE inbox (
  durable text NOT NULL,
  event_id uuid NOT NULL,
  tenant text NOT NULL,
  handled_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (durable, event_id)
);
CREATE INDEX inbox_handled ON inbox (handled_at);
CREATE TABLE dead_letter (
  durable text NOT NULL,
  event_id uuid NOT NULL,
  tenant text NOT NULL,
  subject text NOT NULL,
  type text NOT NULL,
  envelope bytea NOT NULL,
  reason text NOT NULL,
  message text NOT NULL,
  deliveries integer NOT NULL,
  first_failed_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  last_failed_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  replayed_at timestamptz,
  PRIMARY KEY (durable, event_id)
);
CREATE INDEX dead_letter_waiting ON dead_letter (durable, first_failed_at) WHERE replayed_at IS NULL;
`,
};
