import type { ReleaseKind } from '@plumbline/release';
import { isUniqueViolation, timestamp, type Queryable } from '@plumbline/sql';
import { errors } from '../domain/errors.ts';
import type { NewRelease, Release, Releases } from '../domain/release.ts';

interface ReleaseRow {
  readonly sequence: bigint;
  readonly model: string;
  readonly alias: string;
  readonly digest: string;
  readonly previous_digest: string | null;
  readonly kind: ReleaseKind;
  readonly actor: string;
  readonly reason: string;
  readonly decision_ids: string[];
  readonly released_at: bigint;
}

const COLUMNS = `sequence, model, alias, digest, previous_digest, kind, actor, reason, decision_ids, released_at`;

export function releasesOf(tx: Queryable, tenant: string): Releases {
  const rowsOf = async (model: string, alias?: string): Promise<Release[]> => {
    const rows = await tx.query<ReleaseRow>(
      `SELECT ${COLUMNS} FROM releases WHERE tenant = $1 AND model = $2 AND ($3::text IS NULL OR alias = $3)
       ORDER BY alias, position`,
      [tenant, model, alias ?? null],
    );
    return rows.map(releaseOfRow);
  };
  return {
    ledger: rowsOf,
    ledgers: async (model) => Map.groupBy(await rowsOf(model), ({ alias }) => alias),
    async list(model, { alias, atUs, before, limit }) {
      const rows = await tx.query<ReleaseRow>(
        `SELECT ${COLUMNS} FROM releases WHERE tenant = $1 AND model = $2
           AND ($3::text IS NULL OR alias = $3)
           AND ($4::timestamptz IS NULL OR released_at <= $4)
           AND ($5::bigint IS NULL OR sequence < $5)
         ORDER BY sequence DESC LIMIT $6`,
        [
          tenant,
          model,
          alias ?? null,
          atUs === undefined ? null : timestamp(atUs),
          before?.toString() ?? null,
          limit,
        ],
      );
      return rows.map(releaseOfRow);
    },
    append: (release) => append(tx, tenant, release),
  };
}

async function append(tx: Queryable, tenant: string, release: NewRelease): Promise<Release> {
  const { model, alias, position, digest, previousDigest, kind, actor, reason, decisionIds, atUs } = release;
  try {
    const [row] = await tx.query<ReleaseRow>(
      `INSERT INTO releases (tenant, model, alias, position, digest, previous_digest, kind, actor, reason,
         decision_ids, released_at)
       VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) RETURNING ${COLUMNS}`,
      [
        tenant,
        model,
        alias,
        position,
        digest,
        previousDigest ?? null,
        kind,
        actor,
        reason,
        decisionIds,
        timestamp(atUs),
      ],
    );
    return releaseOfRow(row as ReleaseRow);
  } catch (error) {
    if (!isUniqueViolation(error, 'releases_pkey')) throw error;
    throw errors.ALIAS_MOVED(`${alias} of "${model}" was moved at the same time`, {
      metadata: { model, alias },
      cause: error,
    });
  }
}

function releaseOfRow(row: ReleaseRow): Release {
  const { sequence, model, alias, digest, kind, actor, reason } = row;
  return {
    sequence,
    model,
    alias,
    digest,
    previousDigest: row.previous_digest ?? undefined,
    kind,
    actor,
    reason,
    decisionIds: row.decision_ids,
    atUs: row.released_at,
  };
}
