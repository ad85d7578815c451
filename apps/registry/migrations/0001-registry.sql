-- include: outbox
-- include: inbox

CREATE TABLE tenants (
  tenant text PRIMARY KEY,
  created_at timestamptz NOT NULL,
  created_by text NOT NULL
);

CREATE TABLE api_keys (
  tenant text NOT NULL REFERENCES tenants,
  key_id uuid NOT NULL,
  name text NOT NULL,
  secret_sha256 bytea NOT NULL UNIQUE CHECK (length(secret_sha256) = 32),
  scopes text[] NOT NULL,
  created_at timestamptz NOT NULL,
  created_by text NOT NULL,
  revoked_at timestamptz,
  PRIMARY KEY (tenant, key_id)
);

CREATE TABLE models (
  tenant text NOT NULL REFERENCES tenants,
  model text NOT NULL,
  description text NOT NULL,
  last_number integer NOT NULL DEFAULT 0,
  created_at timestamptz NOT NULL,
  created_by text NOT NULL,
  PRIMARY KEY (tenant, model)
);

-- content is the protobuf JSON of plumbline.registry.v1.Version, without what has a column or a table of its own.
CREATE TABLE versions (
  tenant text NOT NULL,
  model text NOT NULL,
  digest text NOT NULL CHECK (digest ~ '^sha256:[0-9a-f]{64}$'),
  number integer NOT NULL CHECK (number > 0),
  content jsonb NOT NULL,
  registered_at timestamptz NOT NULL,
  registered_by text NOT NULL,
  PRIMARY KEY (tenant, model, digest),
  UNIQUE (tenant, model, number),
  FOREIGN KEY (tenant, model) REFERENCES models
);

-- content is the protobuf JSON of plumbline.registry.v1.Evidence.
CREATE TABLE evidence (
  tenant text NOT NULL,
  evidence_id uuid NOT NULL,
  model text NOT NULL,
  digest text NOT NULL,
  position bigint GENERATED ALWAYS AS IDENTITY,
  content jsonb NOT NULL,
  attached_at timestamptz NOT NULL,
  attached_by text NOT NULL,
  PRIMARY KEY (tenant, evidence_id),
  FOREIGN KEY (tenant, model, digest) REFERENCES versions
);
CREATE INDEX evidence_by_version ON evidence (tenant, model, digest, position);

-- gate is the protobuf JSON of plumbline.registry.v1.Gate; compared_with maps aliases to digests.
CREATE TABLE gate_decisions (
  tenant text NOT NULL,
  decision_id uuid NOT NULL,
  model text NOT NULL,
  digest text NOT NULL,
  gate jsonb NOT NULL,
  verdict text NOT NULL CHECK (verdict IN ('PASSED', 'FAILED', 'INCONCLUSIVE')),
  reasons text[] NOT NULL,
  evidence_ids uuid[] NOT NULL,
  compared_with jsonb NOT NULL,
  decided_at timestamptz NOT NULL,
  decided_by text NOT NULL,
  PRIMARY KEY (tenant, decision_id),
  FOREIGN KEY (tenant, model, digest) REFERENCES versions
);
CREATE INDEX gate_decisions_by_version ON gate_decisions (tenant, model, digest, decided_at);

-- The release ledger. Two moves of an alias that race claim the same position: the key lets one of them win.
CREATE TABLE releases (
  tenant text NOT NULL,
  model text NOT NULL,
  alias text NOT NULL,
  position integer NOT NULL CHECK (position > 0),
  sequence bigint GENERATED ALWAYS AS IDENTITY UNIQUE,
  digest text NOT NULL,
  previous_digest text,
  kind text NOT NULL CHECK (kind IN ('move', 'promotion', 'rollback')),
  actor text NOT NULL,
  reason text NOT NULL,
  decision_ids uuid[] NOT NULL,
  released_at timestamptz NOT NULL,
  PRIMARY KEY (tenant, model, alias, position),
  FOREIGN KEY (tenant, model, digest) REFERENCES versions,
  CHECK ((position = 1) = (previous_digest IS NULL))
);
CREATE INDEX releases_by_model ON releases (tenant, model, sequence DESC);

CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'table % is append-only', TG_TABLE_NAME USING ERRCODE = 'integrity_constraint_violation';
END $$;
CREATE TRIGGER releases_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON releases
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER versions_immutable BEFORE UPDATE OR DELETE OR TRUNCATE ON versions
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER evidence_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON evidence
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER gate_decisions_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON gate_decisions
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- The gates are the protobuf JSON of plumbline.registry.v1.Gate.
CREATE TABLE rollouts (
  tenant text NOT NULL,
  rollout_id uuid NOT NULL,
  model text NOT NULL,
  alias text NOT NULL,
  candidate text NOT NULL,
  champion text NOT NULL,
  step text NOT NULL CHECK (step IN ('shadow', 'canary', 'promoted', 'aborted')),
  canary_weight_bp integer NOT NULL CHECK (canary_weight_bp BETWEEN 1 AND 9999),
  shadow_share_bp integer NOT NULL CHECK (shadow_share_bp BETWEEN 1 AND 10000),
  shadow_gate jsonb,
  canary_gate jsonb,
  decision_ids uuid[] NOT NULL,
  epoch bigint NOT NULL,
  PRIMARY KEY (tenant, rollout_id),
  FOREIGN KEY (tenant, model, candidate) REFERENCES versions,
  FOREIGN KEY (tenant, model, champion) REFERENCES versions
);
CREATE UNIQUE INDEX rollouts_running ON rollouts (tenant, model) WHERE step IN ('shadow', 'canary');
CREATE INDEX rollouts_by_candidate ON rollouts (tenant, model, candidate);

CREATE TABLE rollout_transitions (
  tenant text NOT NULL,
  rollout_id uuid NOT NULL,
  position integer NOT NULL,
  step text NOT NULL,
  actor text NOT NULL,
  reason text NOT NULL,
  evidence_ids uuid[] NOT NULL,
  entered_at timestamptz NOT NULL,
  PRIMARY KEY (tenant, rollout_id, position),
  FOREIGN KEY (tenant, rollout_id) REFERENCES rollouts
);

-- declared is the protobuf JSON of plumbline.registry.v1.Route; desired and plan are traffic plans:
-- {"champion": digest, "canary": {"digest", "weightBp"}, "shadow": {"digest", "shareBp"}}, each part optional.
CREATE TABLE routes (
  tenant text NOT NULL,
  name text NOT NULL,
  model text NOT NULL,
  declared jsonb NOT NULL,
  salt text NOT NULL,
  desired jsonb NOT NULL,
  plan jsonb NOT NULL,
  waiting_for text[] NOT NULL,
  requested_epoch bigint NOT NULL,
  effective_epoch bigint NOT NULL,
  PRIMARY KEY (tenant, name),
  FOREIGN KEY (tenant, model) REFERENCES models
);
CREATE INDEX routes_by_model ON routes (tenant, model);
CREATE INDEX routes_waiting ON routes (tenant, name) WHERE waiting_for <> '{}';
CREATE INDEX routes_requested ON routes (requested_epoch);

-- What inference replicas keep loaded. With a released_epoch, only until every gateway acts by that epoch.
CREATE TABLE kept_versions (
  tenant text NOT NULL,
  model text NOT NULL,
  digest text NOT NULL,
  released_epoch bigint,
  PRIMARY KEY (tenant, model, digest),
  FOREIGN KEY (tenant, model, digest) REFERENCES versions
);
CREATE INDEX kept_versions_released ON kept_versions (released_epoch) WHERE released_epoch IS NOT NULL;

-- One row for the deployment. Its lock orders every change of what gateways and inference replicas follow.
CREATE TABLE traffic_epoch (
  singleton boolean PRIMARY KEY DEFAULT true CHECK (singleton),
  epoch bigint NOT NULL
);
INSERT INTO traffic_epoch (epoch) VALUES (1);

-- Leases of the deployment's replicas; they serve all tenants. Unlogged: a lease that a crash loses is renewed
-- within seconds.
CREATE UNLOGGED TABLE replicas (
  replica_id text PRIMARY KEY,
  kind text NOT NULL CHECK (kind IN ('gateway', 'inference')),
  epoch bigint NOT NULL,
  loaded text[] NOT NULL,
  failures jsonb NOT NULL,
  expires_at timestamptz NOT NULL
);

-- content is the protobuf JSON of plumbline.registry.v1.RetrainingRule.
CREATE TABLE retraining_rules (
  tenant text NOT NULL,
  model text NOT NULL,
  name text NOT NULL,
  content jsonb NOT NULL,
  changed_at timestamptz NOT NULL,
  PRIMARY KEY (tenant, model, name),
  FOREIGN KEY (tenant, model) REFERENCES models
);

CREATE TABLE retrainings (
  tenant text NOT NULL,
  job_id uuid NOT NULL,
  model text NOT NULL,
  rule text NOT NULL,
  fired_at timestamptz NOT NULL,
  labels_total bigint NOT NULL,
  new_labels bigint NOT NULL,
  requested_at timestamptz NOT NULL,
  candidate text,
  PRIMARY KEY (tenant, job_id),
  UNIQUE (tenant, model, rule, fired_at),
  FOREIGN KEY (tenant, model, rule) REFERENCES retraining_rules
);
