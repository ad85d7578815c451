import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { findNatsServer, provisionDatabase, startNats, startPostgres } from '@plumbline/local';
import { hasReason } from '@plumbline/errors';
import type { Log } from '@plumbline/service';
import { installNatsServer } from './install-nats.ts';
import { WITH_DATABASE, type ServiceName } from './services.ts';

/** Postgres, NATS and the directories that the services share. */
export interface Infrastructure {
  readonly natsUrl: string;
  readonly objectsDirectory: string;
  readonly serviceSecret: string;
  /** Where each lives, for people: no passwords. */
  readonly summary: readonly string[];
  /** Processes started here. */
  readonly pids: readonly number[];
  databaseUrl(service: ServiceName): string | undefined;
  close(): Promise<void>;
}

/** Settings of the embedded Postgres for one machine that it shares with all services. */
const POSTGRES_SETTINGS = {
  shared_buffers: '256MB',
  max_wal_size: '2GB',
  checkpoint_timeout: '15min',
  wal_compression: 'on',
  max_connections: '120',
  jit: 'off',
};

export async function startInfrastructure(
  home: string,
  log: Log,
  say: (line: string) => void,
): Promise<Infrastructure> {
  mkdirSync(home, { recursive: true });
  const started: { close(): Promise<void>; readonly pid: number }[] = [];
  const summary: string[] = [];
  try {
    const adminUrl = process.env['DATABASE_URL'] || (await embeddedPostgres(home, started));
    summary.push(`Postgres   ${withoutPassword(adminUrl)}`);
    const natsUrl = process.env['NATS_URL'] || (await localNats(home, started, say));
    summary.push(`NATS       ${withoutPassword(natsUrl)}`);
    const urls = new Map<ServiceName, string>();
    for (const service of WITH_DATABASE)
      urls.set(service, (await provisionDatabase(adminUrl, { service, log })).url);
    return {
      natsUrl,
      objectsDirectory: join(home, 'objects'),
      serviceSecret: keptSecret(join(home, 'service-secret')),
      summary,
      pids: started.map(({ pid }) => pid),
      databaseUrl: (service) => urls.get(service),
      close: () => closeAll(started),
    };
  } catch (error) {
    await closeAll(started);
    throw error;
  }
}

async function embeddedPostgres(home: string, started: { close(): Promise<void>; readonly pid: number }[]) {
  const postgres = await startPostgres({
    dataDirectory: join(home, 'postgres'),
    port: 0,
    settings: POSTGRES_SETTINGS,
  });
  started.push(postgres);
  return postgres.url;
}

async function localNats(
  home: string,
  started: { close(): Promise<void>; readonly pid: number }[],
  say: (line: string) => void,
): Promise<string> {
  const server = await foundOrInstalled(say);
  const nats = await startNats({ storeDirectory: join(home, 'nats'), port: 0, server });
  started.push(nats);
  return nats.url;
}

async function foundOrInstalled(say: (line: string) => void) {
  try {
    return findNatsServer();
  } catch (error) {
    if (!hasReason(error, 'NATS_SERVER_MISSING') || process.env['NATS_SERVER']) throw error;
    await installNatsServer(say, error.message);
    return findNatsServer();
  }
}

async function closeAll(started: { close(): Promise<void> }[]): Promise<void> {
  for (const server of started.splice(0).reverse()) await server.close();
}

/** Made once; services of later starts must share it. */
function keptSecret(path: string): string {
  if (!existsSync(path)) writeFileSync(path, randomBytes(32).toString('base64url'), { mode: 0o600 });
  return readFileSync(path, 'utf8').trim();
}

function withoutPassword(url: string): string {
  const shown = new URL(url);
  shown.password = '';
  return shown.href;
}
