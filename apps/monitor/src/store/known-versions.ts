import type { Queryable } from '@plumbline/sql';

/** What the registry said of a version, encoded as it came. */
export interface KnownVersion {
  /** Encoded plumbline.monitor.v1.Profile; undefined where the version has none. */
  readonly baseline: Buffer | undefined;
  /** Encoded plumbline.registry.v1.Version, for its metrics. */
  readonly metrics: Buffer;
}

export interface KnownVersions {
  find(tenant: string, model: string, digest: string): Promise<KnownVersion | undefined>;
  keep(tenant: string, model: string, digest: string, version: KnownVersion): Promise<void>;
}

/** Versions are kept so that drift is judged, and quality compared, while the registry is away. */
export function knownVersions(queryable: Queryable): KnownVersions {
  return {
    async find(tenant, model, digest) {
      const [row] = await queryable.query<{ baseline: Buffer | null; metrics: Buffer }>(
        'SELECT baseline, metrics FROM versions WHERE tenant = $1 AND model = $2 AND digest = $3',
        [tenant, model, digest],
      );
      return row && { baseline: row.baseline ?? undefined, metrics: row.metrics };
    },
    async keep(tenant, model, digest, { baseline, metrics }) {
      await queryable.query(
        `INSERT INTO versions (tenant, model, digest, baseline, metrics) VALUES ($1, $2, $3, $4, $5)
         ON CONFLICT (tenant, model, digest) DO NOTHING`,
        [tenant, model, digest, baseline ?? null, metrics],
      );
    },
  };
}
