import { createHmac } from 'node:crypto';
import { openDatabase, sqlState, type Transaction } from '@plumbline/sql';
import type { Log } from '@plumbline/service';
import { errors } from './errors.ts';

export interface Provisioned {
  /** Connection URL of the service's own role. Contains its password. */
  readonly url: string;
  readonly schema: string;
  readonly role: string;
}

/**
 * Gives a service its role and its schema in the database that `adminUrl` names: the role may use this schema and
 * nothing else. Idempotent; the role's password follows from the administrator's.
 */
export async function provisionDatabase(
  adminUrl: string,
  { service, log }: { readonly service: string; readonly log: Log },
): Promise<Provisioned> {
  const schema = service.replaceAll('-', '_');
  const url = new URL(adminUrl);
  const role = `${decodeURIComponent(url.pathname.slice(1)) || 'postgres'}_${schema}`;
  const password = createHmac('sha256', decodeURIComponent(url.password)).update(role).digest('base64url');
  const admin = openDatabase({ url: adminUrl, schema: 'public', poolSize: 1, log });
  try {
    await admin.transaction((tx) => grant(tx, { role, password, schema }));
  } catch (error) {
    if (sqlState(error) !== '42501') throw error;
    throw errors.ROLE_REFUSED(
      `The database user ${url.username} may not create role ${role} or schema ${schema}. ` +
        'Give it CREATEROLE and CREATE on the database, or connect as an administrator.',
      { metadata: { role, schema }, cause: error },
    );
  } finally {
    await admin.close();
  }
  url.username = role;
  url.password = password;
  return { url: url.href, schema, role };
}

async function grant(
  tx: Transaction,
  { role, password, schema }: { role: string; password: string; schema: string },
): Promise<void> {
  await tx.query(`SELECT pg_advisory_xact_lock(hashtextextended('plumbline roles', 0))`);
  const [found] = await tx.query('SELECT 1 FROM pg_roles WHERE rolname = $1', [role]);
  const attributes = `LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE PASSWORD '${password}'`;
  if (found) await tx.query(`ALTER ROLE "${role}" PASSWORD '${password}'`);
  else await tx.query(`CREATE ROLE "${role}" ${attributes}`);
  await tx.query(`GRANT "${role}" TO CURRENT_USER`);
  await tx.query(`CREATE SCHEMA IF NOT EXISTS "${schema}" AUTHORIZATION "${role}"`);
  await tx.query(`ALTER ROLE "${role}" SET search_path = "${schema}"`);
}
