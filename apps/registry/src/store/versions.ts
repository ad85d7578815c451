import type { JsonValue } from '@bufbuild/protobuf';
import { VersionSchema } from '@plumbline/contract-registry';
import { sqlState, timestamp, type Queryable } from '@plumbline/sql';
import { errors } from '../domain/errors.ts';
import type { Models, ModelVersion, Versions } from '../domain/version.ts';
import { fileOf, measurementOf, metricOf, objectRefOf } from '../messages/measurement.ts';
import { provenanceMessageOf, provenanceOf } from '../messages/version.ts';
import { jsonOf, messageOf } from './json.ts';

const FOREIGN_KEY_VIOLATION = '23503';

export function modelsOf(tx: Queryable, tenant: string): Models {
  return {
    async create(model, description, by, nowUs) {
      try {
        const rows = await tx.query(
          `INSERT INTO models (tenant, model, description, created_at, created_by) VALUES ($1, $2, $3, $4, $5)
           ON CONFLICT DO NOTHING RETURNING model`,
          [tenant, model, description, timestamp(nowUs), by],
        );
        return rows.length > 0;
      } catch (error) {
        if (sqlState(error) !== FOREIGN_KEY_VIOLATION) throw error;
        throw errors.TENANT_NOT_FOUND(`no tenant "${tenant}"`, { metadata: { tenant }, cause: error });
      }
    },
    async lock(model) {
      const rows = await tx.query('SELECT 1 FROM models WHERE tenant = $1 AND model = $2 FOR NO KEY UPDATE', [
        tenant,
        model,
      ]);
      return rows.length > 0;
    },
    async exists(model) {
      const rows = await tx.query('SELECT 1 FROM models WHERE tenant = $1 AND model = $2', [tenant, model]);
      return rows.length > 0;
    },
    async nextNumber(model) {
      const [row] = await tx.query<{ last_number: number }>(
        `UPDATE models SET last_number = last_number + 1 WHERE tenant = $1 AND model = $2 RETURNING last_number`,
        [tenant, model],
      );
      if (!row) throw errors.MODEL_NOT_FOUND(`no model "${model}" in this tenant`, { metadata: { model } });
      return row.last_number;
    },
  };
}

interface VersionRow {
  readonly model: string;
  readonly digest: string;
  readonly number: number;
  readonly content: JsonValue;
  readonly registered_at: bigint;
  readonly registered_by: string;
}

const SELECT = 'SELECT model, digest, number, content, registered_at, registered_by FROM versions';

export function versionsOf(tx: Queryable, tenant: string): Versions {
  const find = async (condition: string, ...values: unknown[]): Promise<ModelVersion[]> => {
    const rows = await tx.query<VersionRow>(`${SELECT} WHERE tenant = $1 AND ${condition}`, [
      tenant,
      ...values,
    ]);
    return rows.map(versionOfRow);
  };
  return {
    byDigest: async (model, digest) => (await find('model = $2 AND digest = $3', model, digest))[0],
    byNumber: async (model, number) => (await find('model = $2 AND number = $3', model, number))[0],
    list: (model, before, limit) =>
      find('model = $2 AND number < $3 ORDER BY number DESC LIMIT $4', model, before, limit),
    async insert({ model, digest, number, files, provenance, metrics, registeredAtUs, registeredBy }) {
      const content = jsonOf(VersionSchema, {
        files: files.map(objectRefOf),
        provenance: provenanceMessageOf(provenance),
        metrics: metrics.map(metricOf),
      });
      await tx.query(
        `INSERT INTO versions (tenant, model, digest, number, content, registered_at, registered_by)
         VALUES ($1, $2, $3, $4, $5, $6, $7)`,
        [tenant, model, digest, number, content, timestamp(registeredAtUs), registeredBy],
      );
    },
  };
}

function versionOfRow(row: VersionRow): ModelVersion {
  const { files, provenance, metrics } = messageOf(VersionSchema, row.content);
  return {
    model: row.model,
    digest: row.digest,
    number: row.number,
    files: files.map(fileOf),
    provenance: provenanceOf(provenance),
    metrics: metrics.map(measurementOf),
    registeredAtUs: row.registered_at,
    registeredBy: row.registered_by,
  };
}
