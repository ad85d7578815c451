import { enqueue, type OutgoingEvent } from '@plumbline/events';
import { isUniqueViolation, type Database, type Queryable, type Transaction } from '@plumbline/sql';
import type { DefinitionStore } from '../domain/apply-definitions.ts';
import type { Revision } from '../domain/catalogue.ts';
import type { Definitions } from '../domain/definitions.ts';
import type { RequestViewVersion, ServiceVersion, VersionLedger } from '../domain/plan-revision.ts';
import type { ViewVersion } from '../domain/view-program.ts';

/** The announcement of a revision; its message is the contract's, which only the wiring knows. */
export type AnnounceRevision = (tenant: string, revision: number, definitions: Definitions) => OutgoingEvent;

export function definitionStore(database: Database, announce: AnnounceRevision): DefinitionStore {
  return {
    current: (tenant) =>
      database.transaction((tx) => readCurrent(tx, tenant), { isolation: 'repeatable read' }),
    sourcesWithRows: (tenant, sources) => sourcesWithRows(database, tenant, sources),
    async append(tenant, { after, definitions, versions, emptySources, actor }) {
      try {
        return await database.transaction(async (tx) => {
          const revision = after + 1;
          await tx.query(
            'INSERT INTO definition_revision (tenant, revision, definitions, actor) VALUES ($1, $2, $3, $4)',
            [tenant, revision, JSON.stringify(definitions), actor],
          );
          for (const source of emptySources) await tx.query(WAIT_FOR_INGESTS, [tenant, source]);
          const [filled] = await sourcesWithRows(tx, tenant, emptySources);
          if (filled !== undefined) throw new SourceFilled(filled);
          await writeVersions(tx, tenant, revision, versions);
          await enqueue(tx, [announce(tenant, revision, definitions)]);
          return 'appended' as const;
        });
      } catch (error) {
        if (isUniqueViolation(error, 'definition_revision_pkey')) return 'conflict';
        if (error instanceof SourceFilled) return { filled: error.source };
        throw error;
      }
    },
  };
}

/** Ingests hold the lock shared until they commit; those that come later see the new revision. */
const WAIT_FOR_INGESTS = `SELECT pg_advisory_xact_lock(hashtextextended($1 || ' ' || $2, 1))`;

/** Rolls a revision back whose new views would miss rows. */
class SourceFilled extends Error {
  readonly source: string;

  constructor(source: string) {
    super(`source ${source} has rows`);
    this.source = source;
  }
}

/** The newest revision number of a tenant: cheap enough to ask before every use of a cached catalogue. */
export async function currentRevision(database: Queryable, tenant: string): Promise<number> {
  const [row] = await database.query<{ revision: number | null }>(
    'SELECT max(revision) AS revision FROM definition_revision WHERE tenant = $1',
    [tenant],
    { name: 'current-revision' },
  );
  return row?.revision ?? 0;
}

/** The newest revision with its versions, as of one instant. */
export function readRevision(database: Database, tenant: string): Promise<Revision | undefined> {
  return database.transaction((tx) => readCurrent(tx, tenant), {
    isolation: 'repeatable read',
    readOnly: true,
  });
}

interface VersionRow {
  kind: 'feature_view' | 'request_view' | 'feature_service';
  view_id: number;
  body: ViewVersion & RequestViewVersion & ServiceVersion;
}

async function readCurrent(tx: Queryable, tenant: string): Promise<Revision | undefined> {
  const [row] = await tx.query<{ revision: number; definitions: Definitions }>(
    'SELECT revision, definitions FROM definition_revision WHERE tenant = $1 ORDER BY revision DESC LIMIT 1',
    [tenant],
  );
  if (row === undefined) return undefined;
  const versions = await tx.query<VersionRow>(
    'SELECT kind, view_id, body FROM definition_version WHERE tenant = $1 ORDER BY revision, kind, name, version',
    [tenant],
  );
  const bodies = (kind: VersionRow['kind']): VersionRow[] =>
    versions.filter((version) => version.kind === kind);
  return {
    revision: row.revision,
    definitions: row.definitions,
    ledger: {
      views: bodies('feature_view').map(({ body, view_id }) => ({ ...body, viewId: view_id })),
      requestViews: bodies('request_view').map(({ body }) => body),
      services: bodies('feature_service').map(({ body }) => body),
    },
  };
}

async function writeVersions(
  tx: Transaction,
  tenant: string,
  revision: number,
  versions: VersionLedger,
): Promise<void> {
  const write = (
    kind: VersionRow['kind'],
    name: string,
    version: number,
    viewId: number,
    body: unknown,
  ): Promise<unknown> =>
    tx.query(
      `INSERT INTO definition_version (tenant, kind, name, version, revision, view_id, body)
       VALUES ($1, $2, $3, $4, $5, CASE WHEN $6::int = 0 THEN nextval('view_id')::int ELSE $6::int END, $7)`,
      [tenant, kind, name, version, revision, viewId, JSON.stringify(body)],
    );
  for (const view of versions.views) {
    await write('feature_view', view.view.name, view.version, view.viewId, view);
  }
  for (const view of versions.requestViews)
    await write('request_view', view.view.name, view.version, -1, view);
  for (const service of versions.services) {
    await write('feature_service', service.service.name, service.version, -1, service);
  }
}

async function sourcesWithRows(
  database: Queryable,
  tenant: string,
  sources: readonly string[],
): Promise<string[]> {
  const rows = await database.query<{ source: string }>(
    `SELECT s AS source FROM unnest($2::text[]) AS s WHERE
       EXISTS (SELECT 1 FROM history h WHERE h.tenant = $1 AND h.source = s) OR
       EXISTS (SELECT 1 FROM sealed_partition p WHERE p.tenant = $1 AND p.source = s AND p.rows_accepted > 0)`,
    [tenant, sources],
  );
  return rows.map((row) => row.source);
}
