-- include: outbox

-- Definitions in force, one row per revision, never changed.
CREATE TABLE definition_revision (
  tenant text NOT NULL,
  revision integer NOT NULL,
  definitions json NOT NULL,
  actor text NOT NULL,
  applied_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (tenant, revision)
);

-- Versions of views and services; an extension adds a row with the same version at a later revision.
CREATE SEQUENCE view_id AS integer;
CREATE TABLE definition_version (
  tenant text NOT NULL,
  kind text NOT NULL CHECK (kind IN ('feature_view', 'request_view', 'feature_service')),
  name text NOT NULL,
  version integer NOT NULL,
  revision integer NOT NULL,
  view_id integer NOT NULL,
  body json NOT NULL,
  PRIMARY KEY (tenant, kind, name, version, revision),
  FOREIGN KEY (tenant, revision) REFERENCES definition_revision (tenant, revision)
);

-- One number per commit; rows are numbered commit * 2^20 + position.
CREATE SEQUENCE row_commit;

-- Rows ingested by the stream, every version of them. Batch loads seal theirs to Parquet (sealed_partition).
CREATE TABLE history (
  tenant text NOT NULL,
  source text NOT NULL,
  row_key text COLLATE "C" NOT NULL,
  sequence bigint NOT NULL,
  event_us bigint NOT NULL,
  known_us bigint NOT NULL,
  correction boolean NOT NULL,
  body bytea NOT NULL,
  PRIMARY KEY (tenant, source, row_key, sequence)
);
-- Leads with the sequence so that no plan made on an empty table mistakes it for a way to find row keys.
CREATE INDEX history_by_sequence ON history (sequence, tenant, source);

-- What is kept online of an entity of a view version.
CREATE TABLE online_entity (
  tenant text NOT NULL,
  view_id integer NOT NULL,
  entity_key text COLLATE "C" NOT NULL,
  sequence bigint NOT NULL,
  first_seen_us bigint NOT NULL,
  newest_event_us bigint,
  retained_from_us bigint,
  latest bytea NOT NULL,
  PRIMARY KEY (tenant, view_id, entity_key)
) WITH (fillfactor = 70);

CREATE TABLE online_tile (
  tenant text NOT NULL,
  view_id integer NOT NULL,
  entity_key text COLLATE "C" NOT NULL,
  start_us bigint NOT NULL,
  body bytea NOT NULL,
  PRIMARY KEY (tenant, view_id, entity_key, start_us)
) WITH (fillfactor = 70);
-- Tiles are packed already and rewritten often: compressing them again costs more than it saves.
ALTER TABLE online_tile ALTER COLUMN body SET STORAGE EXTERNAL;

-- Batches of rows, so that a repeated batch answers as it did the first time.
CREATE TABLE ingest_batch (
  tenant text NOT NULL,
  source text NOT NULL,
  batch_id text NOT NULL,
  digest text NOT NULL,
  rows_accepted integer NOT NULL,
  rows_quarantined integer NOT NULL,
  committed_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (tenant, source, batch_id)
);

-- The ledger of file loads: a partition is there with everything that came of it, or not at all.
CREATE TABLE sealed_partition (
  tenant text NOT NULL,
  source text NOT NULL,
  load_id text NOT NULL,
  first_row bigint NOT NULL,
  end_row bigint NOT NULL,
  file_digest text NOT NULL,
  rows_read bigint NOT NULL,
  rows_accepted bigint NOT NULL,
  rows_quarantined bigint NOT NULL,
  rows_repeated bigint NOT NULL,
  commit_number bigint NOT NULL,
  object_digest text,
  object_bytes bigint,
  row_key_filter bytea,
  has_corrections boolean NOT NULL,
  committed_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (tenant, source, load_id, first_row),
  CHECK (rows_read = rows_accepted + rows_quarantined + rows_repeated),
  CHECK ((object_digest IS NULL) = (rows_accepted = 0))
);
CREATE INDEX sealed_partition_by_commit ON sealed_partition (tenant, source, commit_number);

-- Rows that failed their checks, with their raw content and the reason.
CREATE TABLE quarantine (
  tenant text NOT NULL,
  quarantine_id bigint GENERATED ALWAYS AS IDENTITY,
  source text NOT NULL,
  origin text NOT NULL,
  reason text NOT NULL,
  detail text NOT NULL,
  raw bytea NOT NULL,
  quarantined_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (tenant, quarantine_id)
);
CREATE INDEX quarantine_by_source ON quarantine (tenant, source, quarantine_id DESC);
