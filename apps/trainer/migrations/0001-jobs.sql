-- include: outbox
-- include: inbox

CREATE TABLE job (
  tenant text NOT NULL,
  job_id uuid NOT NULL,
  model text NOT NULL,
  spec jsonb NOT NULL,
  requested_by text NOT NULL,
  created_at timestamptz NOT NULL,
  state text NOT NULL DEFAULT 'queued' CHECK (state IN ('queued', 'running', 'succeeded', 'failed')),
  phase text NOT NULL DEFAULT '',
  progress double precision NOT NULL DEFAULT 0,
  attempts integer NOT NULL DEFAULT 0,
  due_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  -- Whoever holds the lease works on the job until lease_until, and nobody else.
  lease uuid,
  lease_until timestamptz,
  fit_dataset jsonb,
  gate_dataset jsonb,
  metrics jsonb NOT NULL DEFAULT '[]',
  version_digest text NOT NULL DEFAULT '',
  failure text NOT NULL DEFAULT '',
  ended_at timestamptz,
  PRIMARY KEY (tenant, job_id)
);

CREATE INDEX job_open ON job (created_at) WHERE state IN ('queued', 'running');
