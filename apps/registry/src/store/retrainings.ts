import type { JsonValue } from '@bufbuild/protobuf';
import { RetrainingRuleSchema } from '@plumbline/contract-registry';
import type { Firing, FiringOutcome } from '@plumbline/release';
import { timestamp, type Queryable } from '@plumbline/sql';
import type { DeclaredRule, Retraining, Retrainings } from '../domain/retraining.ts';
import { ruleMessageOf, ruleOf } from '../messages/retraining.ts';
import { jsonOf, messageOf } from './json.ts';

export function retrainingsOf(tx: Queryable, tenant: string): Retrainings {
  return {
    async putRule(rule, nowUs) {
      await tx.query(
        `INSERT INTO retraining_rules AS present (tenant, model, name, content, changed_at)
         VALUES ($1, $2, $3, $4, $5)
         ON CONFLICT (tenant, model, name) DO UPDATE SET content = excluded.content, changed_at = excluded.changed_at
         WHERE present.content <> excluded.content`,
        [tenant, rule.model, rule.name, jsonOf(RetrainingRuleSchema, ruleMessageOf(rule)), timestamp(nowUs)],
      );
    },
    async lockRules(model) {
      const rows = await tx.query<{ content: JsonValue }>(
        `SELECT content FROM retraining_rules WHERE tenant = $1 AND model = $2 ORDER BY name FOR UPDATE`,
        [tenant, model],
      );
      return rows.map(({ content }) => ruleOf(model, messageOf(RetrainingRuleSchema, content)));
    },
    firings: (rule, expiredBeforeUs) => firingsOf(tx, tenant, rule, expiredBeforeUs),
    insert: (retraining) => insert(tx, tenant, retraining),
    async propose(jobId, candidate) {
      const rows = await tx.query(
        `UPDATE retrainings SET candidate = $3 WHERE tenant = $1 AND job_id::text = $2 AND candidate IS NULL
         RETURNING job_id`,
        [tenant, jobId, candidate],
      );
      return rows.length > 0;
    },
    list: (model) => list(tx, tenant, model),
  };
}

/**
 * What became of each firing: released beats rejected, which beats merely proposed. Failures of before the rule's last
 * change are superseded: changing the rule closes its breaker.
 */
async function firingsOf(
  tx: Queryable,
  tenant: string,
  { model, name }: DeclaredRule,
  expiredBeforeUs: bigint,
): Promise<Firing[]> {
  const rows = await tx.query<{ fired_at: bigint; labels_total: bigint; outcome: FiringOutcome }>(
    `SELECT r.fired_at, r.labels_total, CASE
       WHEN r.candidate IS NULL AND r.requested_at > $4 THEN 'training'
       WHEN EXISTS (SELECT FROM releases l WHERE (l.tenant, l.model, l.digest) = (r.tenant, r.model, r.candidate))
         THEN 'released'
       WHEN r.requested_at < u.changed_at THEN 'superseded'
       WHEN r.candidate IS NULL THEN 'expired'
       WHEN 'FAILED' = (SELECT verdict FROM gate_decisions d
           WHERE (d.tenant, d.model, d.digest) = (r.tenant, r.model, r.candidate)
           ORDER BY decided_at DESC LIMIT 1)
         OR EXISTS (SELECT FROM rollouts o
           WHERE (o.tenant, o.model, o.candidate) = (r.tenant, r.model, r.candidate) AND o.step = 'aborted')
         THEN 'rejected'
       ELSE 'proposed' END AS outcome
     FROM retrainings r JOIN retraining_rules u ON (u.tenant, u.model, u.name) = (r.tenant, r.model, r.rule)
     WHERE r.tenant = $1 AND r.model = $2 AND r.rule = $3
     ORDER BY r.fired_at`,
    [tenant, model, name, timestamp(expiredBeforeUs)],
  );
  return rows.map(({ fired_at: firedAtUs, labels_total: labelsTotal, outcome }) => ({
    firedAtUs,
    labelsTotal,
    outcome,
  }));
}

async function insert(tx: Queryable, tenant: string, retraining: Retraining): Promise<void> {
  const { jobId, model, rule, firedAtUs, labelsTotal, newLabels, requestedAtUs } = retraining;
  await tx.query(
    `INSERT INTO retrainings (tenant, job_id, model, rule, fired_at, labels_total, new_labels, requested_at)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
    [tenant, jobId, model, rule, timestamp(firedAtUs), labelsTotal, newLabels, timestamp(requestedAtUs)],
  );
}

async function list(tx: Queryable, tenant: string, model: string): Promise<Retraining[]> {
  const rows = await tx.query<Omit<Retraining, 'candidate'> & { candidate: string | null }>(
    `SELECT job_id AS "jobId", model, rule, fired_at AS "firedAtUs", labels_total AS "labelsTotal",
       new_labels AS "newLabels", requested_at AS "requestedAtUs", candidate
     FROM retrainings WHERE tenant = $1 AND model = $2 ORDER BY fired_at DESC, requested_at DESC`,
    [tenant, model],
  );
  return rows.map(({ candidate, ...rest }) => ({ ...rest, candidate: candidate ?? undefined }));
}
