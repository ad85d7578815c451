import type { JsonValue } from '@bufbuild/protobuf';
import { EvidenceSchema } from '@plumbline/contract-registry';
import { timestamp, type Queryable } from '@plumbline/sql';
import type { AttachedEvidence, EvidenceLog } from '../domain/version.ts';
import { evidenceMessageOf, evidenceOf } from '../messages/evidence.ts';
import { jsonOf, messageOf } from './json.ts';

interface EvidenceRow {
  readonly model: string;
  readonly digest: string;
  readonly content: JsonValue;
  readonly attached_at: bigint;
}

const SELECT = 'SELECT model, digest, content, attached_at FROM evidence';

export function evidenceLogOf(tx: Queryable, tenant: string): EvidenceLog {
  return {
    async byId(id) {
      const [row] = await tx.query<EvidenceRow>(`${SELECT} WHERE tenant = $1 AND evidence_id = $2`, [
        tenant,
        id,
      ]);
      return row && evidenceOfRow(row);
    },
    async about(model, version) {
      const rows = await tx.query<EvidenceRow>(
        `${SELECT} WHERE tenant = $1 AND model = $2 AND digest = $3 ORDER BY position`,
        [tenant, model, version],
      );
      return rows.map(evidenceOfRow);
    },
    async append(evidence, by) {
      await tx.query(
        `INSERT INTO evidence (tenant, evidence_id, model, digest, content, attached_at, attached_by)
         VALUES ($1, $2, $3, $4, $5, $6, $7)`,
        [
          tenant,
          evidence.id,
          evidence.model,
          evidence.version,
          jsonOf(EvidenceSchema, evidenceMessageOf(evidence)),
          timestamp(evidence.attachedAtUs),
          by,
        ],
      );
    },
  };
}

function evidenceOfRow({ model, digest, content, attached_at }: EvidenceRow): AttachedEvidence {
  const message = messageOf(EvidenceSchema, content);
  return { ...evidenceOf(message, { model, version: digest }), attachedAtUs: attached_at };
}
