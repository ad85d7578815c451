import { randomBytes } from 'node:crypto';
import { provisionDatabase } from '@plumbline/local';
import { openDatabase } from '@plumbline/sql';
import { askServers } from './ask-servers.ts';
import { silentLog } from './logs.ts';

export interface TestDatabase {
  /** The service's own role in a fresh, empty database. */
  readonly url: string;
  readonly schema: string;
  /** An administrator of the same database. */
  readonly adminUrl: string;
  /** Drops the database, ending any connection to it. */
  close(): Promise<void>;
}

/** A fresh database for one suite, in the run's Postgres or in the server of DATABASE_URL. */
export async function testDatabase(service: string): Promise<TestDatabase> {
  const serverUrl = process.env['DATABASE_URL'] ?? (await askServers('postgres'));
  const name = `test_${service.replaceAll('-', '_')}_${randomBytes(5).toString('hex')}`;
  await administer(serverUrl, `CREATE DATABASE ${name}`);
  const admin = new URL(serverUrl);
  admin.pathname = `/${name}`;
  const { url, schema, role } = await provisionDatabase(admin.href, { service, log: silentLog });
  return {
    url,
    schema,
    adminUrl: admin.href,
    async close() {
      await administer(serverUrl, `DROP DATABASE IF EXISTS ${name} WITH (FORCE)`);
      await administer(serverUrl, `DROP ROLE IF EXISTS "${role}"`);
    },
  };
}

async function administer(url: string, statement: string): Promise<void> {
  const admin = openDatabase({ url, schema: 'public', poolSize: 1, log: silentLog });
  try {
    await admin.query(statement);
  } finally {
    await admin.close();
  }
}
