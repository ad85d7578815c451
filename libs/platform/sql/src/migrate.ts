import type { Database, Transaction } from './database.ts';
import { errors } from './errors.ts';
import { readMigrations, type Migration } from './migration-files.ts';

const MIGRATION_TIMEOUT_MS = 3_600_000;

/**
 * Brings the schema to the newest of the folder's migrations (NNNN-name.sql), all in one transaction under an
 * advisory lock, so that any number of starting processes may call it. Returns how many were applied.
 * Throws MIGRATION_CHANGED when an applied one has another content now or has gone.
 */
export async function migrate(database: Database, directory: URL | string): Promise<number> {
  const migrations = await readMigrations(directory);
  const run = (tx: Transaction) => applyPending(tx, database.schema, migrations);
  return database.transaction(run, { timeoutMs: MIGRATION_TIMEOUT_MS });
}

async function applyPending(
  tx: Transaction,
  schema: string,
  migrations: readonly Migration[],
): Promise<number> {
  await tx.query('SELECT pg_advisory_xact_lock(hashtextextended($1, 0))', [`plumbline migrations ${schema}`]);
  await ensureTable(tx, schema);
  const applied = await tx.query<{ version: number; name: string; checksum: string }>(
    'SELECT version, name, checksum FROM schema_migrations ORDER BY version',
  );
  const pending = pendingMigrations(applied, migrations);
  for (const { version, name, sql, checksum } of pending) {
    await tx.query(sql);
    await tx.query('INSERT INTO schema_migrations (version, name, checksum) VALUES ($1, $2, $3)', [
      version,
      name,
      checksum,
    ]);
  }
  return pending.length;
}

/**
 * Those still to be applied. A schema that is newer than this code is accepted (a rollout in which the next release
 * has migrated already); a changed, missing or belatedly inserted migration is not.
 */
export function pendingMigrations(
  applied: readonly { readonly version: number; readonly name: string; readonly checksum: string }[],
  migrations: readonly Migration[],
): Migration[] {
  const newest = migrations.at(-1)?.version ?? 0;
  const done = new Map(applied.map((row) => [row.version, row]));
  for (const { version, name, checksum } of applied) {
    const file = migrations.find((migration) => migration.version === version);
    if (!file && version > newest) continue;
    if (file?.checksum === checksum) continue;
    throw errors.MIGRATION_CHANGED(
      `migration ${name} was applied and has ${file ? 'another content' : 'gone'} since`,
    );
  }
  const pending = migrations.filter(({ version }) => !done.has(version));
  const last = applied.at(-1)?.version ?? 0;
  const late = pending.find(({ version }) => version < last);
  if (late) throw errors.MIGRATION_CHANGED(`migration ${late.name} was added below the applied ${last}`);
  return pending;
}

async function ensureTable(tx: Transaction, schema: string): Promise<void> {
  const [row] = await tx.query<{ exists: boolean }>(
    `SELECT to_regnamespace(quote_ident($1)) IS NOT NULL AS exists`,
    [schema],
  );
  if (!row?.exists) await tx.query(`CREATE SCHEMA "${schema.replaceAll('"', '""')}"`);
  await tx.query(
    `CREATE TABLE IF NOT EXISTS schema_migrations (
       version integer PRIMARY KEY, name text NOT NULL, checksum text NOT NULL,
       applied_at timestamptz NOT NULL DEFAULT now())`,
  );
}
