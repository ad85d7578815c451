-- include: outbox
-- include: inbox

-- What monitoring knows of a model version. baseline is NULL where the version was registered without one.
CREATE TABLE versions (
  tenant text NOT NULL,
  model text NOT NULL,
  digest text NOT NULL,
  baseline bytea,
  metrics bytea NOT NULL,
  PRIMARY KEY (tenant, model, digest)
);

-- One row per recorded prediction. features are the values of the baseline's columns, in its order; label_id is the
-- prediction whose label counts: its own, or for a mirrored one the prediction that was mirrored.
CREATE TABLE predictions (
  tenant text NOT NULL,
  prediction_id uuid NOT NULL,
  model text NOT NULL,
  digest text NOT NULL,
  route text NOT NULL,
  variant text NOT NULL,
  shadow boolean NOT NULL,
  as_of_us bigint NOT NULL,
  committed_at_us bigint NOT NULL,
  score double precision NOT NULL,
  champion_score double precision,
  label_id uuid NOT NULL,
  features double precision[] NOT NULL,
  PRIMARY KEY (tenant, prediction_id)
);
CREATE INDEX predictions_by_instant ON predictions (tenant, model, as_of_us);

-- The newest label of each prediction, whether or not the prediction has come yet.
CREATE TABLE labels (
  tenant text NOT NULL,
  prediction_id uuid NOT NULL,
  value double precision NOT NULL,
  known_at_us bigint NOT NULL,
  PRIMARY KEY (tenant, prediction_id)
);

-- How far the labels of a tenant have come.
CREATE TABLE label_progress (
  tenant text NOT NULL PRIMARY KEY,
  complete_until_us bigint NOT NULL
);

-- Histograms of frozen edges, one row per column and step of event time; cells as in @plumbline/statistics.
CREATE TABLE histograms (
  tenant text NOT NULL,
  model text NOT NULL,
  step_us bigint NOT NULL,
  digest text NOT NULL,
  column_name text NOT NULL,
  cells bigint[] NOT NULL,
  PRIMARY KEY (tenant, model, step_us, digest, column_name)
) WITH (fillfactor = 60);

-- Adds counts cell by cell. In plpgsql, because it is several times as fast as unnest and array_agg here.
CREATE FUNCTION add_cells(counts bigint[], increment bigint[]) RETURNS bigint[]
  LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
BEGIN
  IF cardinality(counts) <> cardinality(increment) THEN
    RAISE EXCEPTION 'histograms of % and % cells cannot be merged', cardinality(counts), cardinality(increment);
  END IF;
  FOR i IN 1 .. cardinality(increment) LOOP
    IF increment[i] <> 0 THEN counts[i] := counts[i] + increment[i]; END IF;
  END LOOP;
  RETURN counts;
END $$;

-- How far a model has come: counts, event-time watermark, and what has been judged and announced up to it.
CREATE TABLE model_progress (
  tenant text NOT NULL,
  model text NOT NULL,
  predictions bigint NOT NULL DEFAULT 0,
  shadows bigint NOT NULL DEFAULT 0,
  watermark_us bigint NOT NULL,
  elsewhere integer NOT NULL DEFAULT 0,
  elsewhere_first_us bigint,
  elsewhere_last_us bigint,
  judged_until_us bigint NOT NULL,
  announced_until_us bigint NOT NULL,
  PRIMARY KEY (tenant, model)
);

-- When a version's predictions began and ended, by event time.
CREATE TABLE version_progress (
  tenant text NOT NULL,
  model text NOT NULL,
  digest text NOT NULL,
  first_us bigint NOT NULL,
  last_us bigint NOT NULL,
  PRIMARY KEY (tenant, model, digest)
);

-- The last verdict on each column of each version, and how often in a row it was the same.
CREATE TABLE standings (
  tenant text NOT NULL,
  model text NOT NULL,
  digest text NOT NULL,
  column_name text NOT NULL,
  source text NOT NULL,
  state text NOT NULL,
  streak integer NOT NULL,
  reason text NOT NULL,
  PRIMARY KEY (tenant, model, digest, column_name)
);

CREATE SEQUENCE alert_change;
CREATE TABLE alerts (
  tenant text NOT NULL,
  alert_id uuid NOT NULL,
  model text NOT NULL,
  digest text NOT NULL,
  source text NOT NULL,
  columns text[] NOT NULL,
  reasons text[] NOT NULL,
  fired_at_us bigint NOT NULL,
  cleared_at_us bigint,
  change bigint NOT NULL DEFAULT nextval('alert_change'),
  PRIMARY KEY (tenant, alert_id)
);
CREATE UNIQUE INDEX alerts_firing ON alerts (tenant, model, source) WHERE cleared_at_us IS NULL;
CREATE INDEX alerts_by_change ON alerts (tenant, change);
