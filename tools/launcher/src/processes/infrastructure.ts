import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { checkNats, findNatsServer, provisionDatabase, startNats, startPostgres } from '@plumbline/local';
import { hasReason } from '@plumbline/errors';
import type { Log } from '@plumbline/service';
import { installNatsServer } from './install-nats.ts';
import { WITH_DATABASE, type ServiceName } from './services.ts';
import { StartError } from './supervisor.ts';

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
    const ownDatabase = urlFrom('DATABASE_URL', 'postgres://user:password@host:5432/database');
    const ownNats = urlFrom('NATS_URL', 'nats://host:4222');
    const adminUrl = ownDatabase ?? (await embeddedPostgres(home, started));
    summary.push(`Postgres   ${withoutPassword(adminUrl)}`);
    const urls = await provisioned(adminUrl, log, ownDatabase !== undefined);
    if (ownNats !== undefined) await checkNats(ownNats);
    const natsUrl = ownNats ?? (await localNats(home, started, say));
    summary.push(`NATS       ${withoutPassword(natsUrl)}`);
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

/** A server of the user's own; undefined where the variable is not set. @throws StartError for what is no URL */
function urlFrom(variable: string, example: string): string | undefined {
  const value = process.env[variable];
  if (!value) return undefined;
  if (value.split(',').every((each) => URL.canParse(each.trim()))) return value;
  throw new StartError(
    `${variable} is not a URL. It looks like ${example}; leave it unset for a local server.`,
  );
}

/** Connection URLs of the services' own roles. */
async function provisioned(
  adminUrl: string,
  log: Log,
  isOwn: boolean,
): Promise<ReadonlyMap<ServiceName, string>> {
  const urls = new Map<ServiceName, string>();
  try {
    for (const service of WITH_DATABASE) {
      urls.set(service, (await provisionDatabase(adminUrl, { service, log })).url);
    }
  } catch (cause) {
    if (!isOwn || hasReason(cause, 'ROLE_REFUSED')) throw cause;
    throw new StartError(
      `The database at DATABASE_URL (${withoutPassword(adminUrl)}) cannot be used: ${(cause as Error).message}. ` +
        'Mend the URL or start the server, or leave DATABASE_URL unset for an embedded Postgres.',
      { cause },
    );
  }
  return urls;
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

function withoutPassword(urls: string): string {
  return urls
    .split(',')
    .map((url) => {
      const shown = new URL(url.trim());
      shown.password = '';
      return shown.href;
    })
    .join(',');
}
