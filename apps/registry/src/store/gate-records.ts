import type { JsonValue } from '@bufbuild/protobuf';
import { GateSchema } from '@plumbline/contract-registry';
import type { GateVerdict } from '@plumbline/release';
import { timestamp, type Queryable } from '@plumbline/sql';
import type { GateRecords, RecordedGate } from '../domain/release.ts';
import { gateMessageOf, gateOf } from '../messages/gate.ts';
import { jsonOf, messageOf } from './json.ts';

interface DecisionRow {
  readonly decision_id: string;
  readonly model: string;
  readonly digest: string;
  readonly gate: JsonValue;
  readonly verdict: GateVerdict;
  readonly reasons: string[];
  readonly evidence_ids: string[];
  readonly compared_with: Record<string, string>;
  readonly decided_at: bigint;
  readonly decided_by: string;
}

export function gateRecordsOf(tx: Queryable, tenant: string): GateRecords {
  return {
    async byIds(model, ids) {
      const rows = await tx.query<DecisionRow>(
        `SELECT decision_id, model, digest, gate, verdict, reasons, evidence_ids, compared_with, decided_at, decided_by
         FROM gate_decisions WHERE tenant = $1 AND model = $2 AND decision_id = ANY($3::uuid[])`,
        [tenant, model, ids],
      );
      return rows.map(recordOf);
    },
    async append(record) {
      await tx.query(
        `INSERT INTO gate_decisions (tenant, decision_id, model, digest, gate, verdict, reasons, evidence_ids,
           compared_with, decided_at, decided_by)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)`,
        [
          tenant,
          record.id,
          record.model,
          record.digest,
          jsonOf(GateSchema, gateMessageOf(record.gate)),
          record.verdict,
          record.reasons,
          record.evidenceIds,
          JSON.stringify(Object.fromEntries(record.comparedWith)),
          timestamp(record.atUs),
          record.actor,
        ],
      );
    },
  };
}

function recordOf(row: DecisionRow): RecordedGate {
  const { model, digest, verdict, reasons } = row;
  return {
    id: row.decision_id,
    model,
    digest,
    verdict,
    reasons,
    gate: gateOf(messageOf(GateSchema, row.gate)),
    evidenceIds: row.evidence_ids,
    comparedWith: new Map(Object.entries(row.compared_with)),
    actor: row.decided_by,
    atUs: row.decided_at,
  };
}
