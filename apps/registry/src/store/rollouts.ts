import type { JsonValue } from '@bufbuild/protobuf';
import { GateSchema } from '@plumbline/contract-registry';
import type { Gate, RolloutStep } from '@plumbline/release';
import { timestamp, type Queryable } from '@plumbline/sql';
import type { Rollout, Rollouts, Transition } from '../domain/rollout.ts';
import { gateMessageOf, gateOf } from '../messages/gate.ts';
import { jsonOf, messageOf } from './json.ts';

interface RolloutRow {
  readonly rollout_id: string;
  readonly model: string;
  readonly alias: string;
  readonly candidate: string;
  readonly champion: string;
  readonly step: RolloutStep;
  readonly canary_weight_bp: number;
  readonly shadow_share_bp: number;
  readonly shadow_gate: JsonValue;
  readonly canary_gate: JsonValue;
  readonly decision_ids: string[];
  readonly epoch: bigint;
}

interface TransitionRow {
  readonly step: RolloutStep;
  readonly actor: string;
  readonly reason: string;
  readonly evidence_ids: string[];
  readonly entered_at: bigint;
}

export function rolloutsOf(tx: Queryable, tenant: string): Rollouts {
  return {
    byId: (id) => find(tx, tenant, 'rollout_id = $2', id),
    running: (model) => find(tx, tenant, `model = $2 AND step IN ('shadow', 'canary')`, model),
    async insert(rollout) {
      await insertRollout(tx, tenant, rollout);
      for (const [index, transition] of rollout.transitions.entries()) {
        await insertTransition(tx, tenant, rollout.id, index + 1, transition);
      }
    },
    async enter(rollout, epoch, transition) {
      const transitions = [...rollout.transitions, transition];
      await tx.query('UPDATE rollouts SET step = $3, epoch = $4 WHERE tenant = $1 AND rollout_id = $2', [
        tenant,
        rollout.id,
        transition.step,
        epoch,
      ]);
      await insertTransition(tx, tenant, rollout.id, transitions.length, transition);
      return { ...rollout, step: transition.step, epoch, transitions };
    },
  };
}

async function find(
  tx: Queryable,
  tenant: string,
  condition: string,
  value: string,
): Promise<Rollout | undefined> {
  const [row] = await tx.query<RolloutRow>(`SELECT * FROM rollouts WHERE tenant = $1 AND ${condition}`, [
    tenant,
    value,
  ]);
  if (!row) return undefined;
  const transitions = await tx.query<TransitionRow>(
    `SELECT step, actor, reason, evidence_ids, entered_at FROM rollout_transitions
     WHERE tenant = $1 AND rollout_id = $2 ORDER BY position`,
    [tenant, row.rollout_id],
  );
  return rolloutOfRow(row, transitions);
}

async function insertRollout(tx: Queryable, tenant: string, rollout: Rollout): Promise<void> {
  const { id, model, alias, candidate, champion, step, gates, decisionIds, epoch } = rollout;
  await tx.query(
    `INSERT INTO rollouts (tenant, rollout_id, model, alias, candidate, champion, step, canary_weight_bp,
       shadow_share_bp, shadow_gate, canary_gate, decision_ids, epoch)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)`,
    [
      tenant,
      id,
      model,
      alias,
      candidate,
      champion,
      step,
      rollout.canaryWeightBp,
      rollout.shadowShareBp,
      gateJson(gates.shadow),
      gateJson(gates.canary),
      decisionIds,
      epoch,
    ],
  );
}

async function insertTransition(
  tx: Queryable,
  tenant: string,
  rolloutId: string,
  position: number,
  { step, actor, reason, evidenceIds, atUs }: Transition,
): Promise<void> {
  await tx.query(
    `INSERT INTO rollout_transitions (tenant, rollout_id, position, step, actor, reason, evidence_ids, entered_at)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
    [tenant, rolloutId, position, step, actor, reason, evidenceIds, timestamp(atUs)],
  );
}

function rolloutOfRow(row: RolloutRow, transitions: readonly TransitionRow[]): Rollout {
  const { model, alias, candidate, champion, step, epoch } = row;
  return {
    id: row.rollout_id,
    model,
    alias,
    candidate,
    champion,
    step,
    epoch,
    canaryWeightBp: row.canary_weight_bp,
    shadowShareBp: row.shadow_share_bp,
    gates: { shadow: gateOfJson(row.shadow_gate), canary: gateOfJson(row.canary_gate) },
    decisionIds: row.decision_ids,
    transitions: transitions.map(({ evidence_ids: evidenceIds, entered_at: atUs, ...rest }) => ({
      ...rest,
      evidenceIds,
      atUs,
    })),
  };
}

const gateJson = (gate: Gate | undefined): string | null =>
  gate ? jsonOf(GateSchema, gateMessageOf(gate)) : null;

const gateOfJson = (json: JsonValue): Gate | undefined =>
  json === null ? undefined : gateOf(messageOf(GateSchema, json));
