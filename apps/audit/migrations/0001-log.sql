-- include: outbox
-- include: inbox

-- The order of the log. One row, locked by every transaction that appends, so that leaves are committed in the order
-- of their indexes and none is left out.
CREATE TABLE log_head (
  only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
  next_index bigint NOT NULL DEFAULT 0,
  committed_at_us bigint NOT NULL DEFAULT 0
);
INSERT INTO log_head DEFAULT VALUES;

-- Consecutive leaves committed together, of one tenant, kind and model. `packed` is the log itself; the columns beside
-- it are what it is searched by. There is one log for all tenants, so the leaf's index alone is the key.
CREATE TABLE segments (
  first_index bigint PRIMARY KEY,
  tenant text NOT NULL,
  kind smallint NOT NULL,
  model_sha256 bytea NOT NULL,
  committed_at_us bigint NOT NULL,
  record_count integer NOT NULL CHECK (record_count > 0),
  id_keys bigint[] NOT NULL,
  packed bytea NOT NULL
);
ALTER TABLE segments ALTER COLUMN packed SET STORAGE EXTERNAL;
CREATE INDEX segments_by_id ON segments USING gin (id_keys) WITH (fastupdate = off);
CREATE INDEX segments_by_time ON segments (tenant, kind, committed_at_us, first_index);

-- Payloads, apart from what is proven: they may go, proofs stay.
CREATE TABLE payloads (
  tenant text NOT NULL,
  leaf_index bigint NOT NULL,
  payload bytea NOT NULL,
  PRIMARY KEY (tenant, leaf_index)
);

CREATE TABLE record_counts (
  tenant text NOT NULL,
  kind smallint NOT NULL,
  records bigint NOT NULL,
  PRIMARY KEY (tenant, kind)
);

-- What came of each producer's sequence. Producers serve all tenants.
CREATE TABLE producer_sequences (
  producer_id text NOT NULL,
  epoch bigint NOT NULL,
  next_sequence bigint NOT NULL,
  gap_firsts bigint[] NOT NULL,
  gap_lasts bigint[] NOT NULL,
  gap_noticed_us bigint[] NOT NULL,
  PRIMARY KEY (producer_id, epoch)
);

-- The integrated tree and its newest checkpoint. One row, locked by whoever integrates.
CREATE TABLE tree (
  only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
  verifier_key text NOT NULL,
  size bigint NOT NULL,
  checkpoint text NOT NULL,
  signed_at_us bigint NOT NULL
);

-- Roots of complete subtrees at levels 8, 16, 24, …: one row per 256 leaves and less.
CREATE TABLE tree_nodes (
  level smallint NOT NULL,
  position bigint NOT NULL,
  hash bytea NOT NULL,
  PRIMARY KEY (level, position)
);
