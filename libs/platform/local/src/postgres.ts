import { execFileSync } from 'node:child_process';
import { randomBytes, createHash } from 'node:crypto';
import { chownSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { launch, logTail, type Exit, type ServerProcess } from './child.ts';
import { reclaim } from './claims.ts';
import { errors } from './errors.ts';
import { freePort } from './ports.ts';
import { installedPostgres, reachableBinaries } from './postgres-binaries.ts';
import { isReachable, serverUser, sharedHome, type ServerUser } from './server-user.ts';

const ADMIN = 'plumbline';

export interface PostgresOptions {
  /** Created and initialised when absent. See `LocalPostgres.dataDirectory` for where it ends up. */
  readonly dataDirectory: string;
  /** 0 picks a free one. */
  readonly port: number;
  /** False trades durability against a lost host for speed; for tests only. Default true. */
  readonly durable?: boolean;
  /** Further server settings, e.g. `{ max_connections: '50' }`. */
  readonly settings?: Readonly<Record<string, string>>;
  /** Where bin/, lib/ and share/ lie; default the installed npm package. */
  readonly binaries?: string;
}

export interface LocalPostgres {
  /** Administrator's URL of the database `plumbline`. Contains the password. */
  readonly url: string;
  readonly port: number;
  readonly pid: number;
  /** The asked-for directory or, where the server's user cannot reach that, one below /var/lib/plumbline. */
  readonly dataDirectory: string;
  readonly logFile: string;
  readonly exited: Promise<Exit>;
  /** Fast shutdown: open transactions are rolled back, then everything is written. */
  close(): Promise<void>;
}

/**
 * Starts a Postgres on 127.0.0.1, initialising its data directory the first time. As root it runs under an
 * unprivileged user. A server left behind by a killed owner is stopped first.
 */
export async function startPostgres(options: PostgresOptions): Promise<LocalPostgres> {
  const user = serverUser();
  const binaries = reachableBinaries(options.binaries ?? (await installedPostgres()), user);
  const dataDirectory = reachableData(resolve(options.dataDirectory), user);
  const claimFile = `${dataDirectory}.claim`;
  await reclaim(claimFile, dataDirectory);
  if (!existsSync(join(dataDirectory, 'PG_VERSION'))) initialise(binaries, dataDirectory, user, options);
  const password = readFileSync(join(dataDirectory, 'plumbline-password'), 'utf8').trim();
  const port = await freePort(options.port, 'the embedded Postgres');
  const logFile = `${dataDirectory}.log`;
  const launchOnce = () =>
    launch({
      command: join(binaries, 'bin', 'postgres'),
      args: ['-D', dataDirectory, '-p', String(port), ...settings(options)],
      ...(user ? { identity: { uid: user.uid, gid: user.gid } } : {}),
      workingDirectory: dataDirectory,
      logFile,
      claimFile,
    });
  const server = await launchUntilReady(launchOnce, dataDirectory, logFile);
  const close = () => server.stop('SIGINT', 30_000);
  const url = `postgres://${ADMIN}:${password}@127.0.0.1:${port}/postgres`;
  return { url, port, pid: server.pid, dataDirectory, logFile, exited: server.exited, close };
}

function reachableData(directory: string, user: ServerUser | undefined): string {
  mkdirSync(dirname(directory), { recursive: true });
  if (!user || isReachable(dirname(directory), user)) return directory;
  const name = `${basename(directory)}-${createHash('sha256').update(directory).digest('hex').slice(0, 12)}`;
  return join(sharedHome(), name);
}

function initialise(
  binaries: string,
  dataDirectory: string,
  user: ServerUser | undefined,
  { durable = true }: PostgresOptions,
): void {
  rmSync(dataDirectory, { recursive: true, force: true });
  mkdirSync(dataDirectory, { mode: 0o700 });
  const secrets = mkdtempSync(`${dataDirectory}.init.`);
  const passwordFile = join(secrets, 'password');
  const password = randomBytes(18).toString('base64url');
  writeFileSync(passwordFile, password, { mode: 0o600 });
  if (user) for (const path of [dataDirectory, secrets, passwordFile]) chownSync(path, user.uid, user.gid);
  try {
    execFileSync(
      join(binaries, 'bin', 'initdb'),
      [
        ...['-D', dataDirectory, '-U', ADMIN, '--auth=scram-sha-256', `--pwfile=${passwordFile}`],
        ...['--encoding=UTF8', '--locale=C', ...(durable ? [] : ['--no-sync'])],
      ],
      {
        ...(user ? { uid: user.uid, gid: user.gid } : {}),
        cwd: dataDirectory,
        env: { PATH: process.env['PATH'], LC_ALL: 'C' },
        stdio: ['ignore', 'ignore', 'pipe'],
      },
    );
    writeFileSync(join(dataDirectory, 'plumbline-password'), password, { mode: 0o600 });
  } catch (cause) {
    rmSync(dataDirectory, { recursive: true, force: true });
    const detail = String((cause as { stderr?: Buffer }).stderr ?? cause);
    throw errors.POSTGRES_FAILED(`initdb failed in ${dataDirectory}: ${detail}`, { cause });
  } finally {
    rmSync(secrets, { recursive: true, force: true });
  }
}

function settings({ durable = true, settings: extra = {} }: PostgresOptions): string[] {
  const all: Record<string, string> = {
    listen_addresses: '127.0.0.1',
    unix_socket_directories: '',
    max_connections: '300',
    ...(durable ? {} : { fsync: 'off', full_page_writes: 'off' }),
    ...extra,
  };
  return Object.entries(all).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
}

const START_WITHIN_MS = 60_000;
/** Said while backends of a killed predecessor have yet to notice that it is gone. */
const PREDECESSOR = 'pre-existing shared memory block';

async function launchUntilReady(
  launchOnce: () => ServerProcess,
  dataDirectory: string,
  logFile: string,
): Promise<ServerProcess> {
  const deadline = performance.now() + START_WITHIN_MS;
  for (;;) {
    const server = launchOnce();
    if (await becomesReady(server, dataDirectory, deadline)) return server;
    await server.stop('SIGQUIT', 1_000);
    if (performance.now() > deadline || !logTail(logFile, 3).includes(PREDECESSOR)) {
      throw errors.POSTGRES_FAILED(
        `The embedded Postgres in ${dataDirectory} did not start. Its log (${logFile}) ends with:\n${logTail(logFile)}`,
      );
    }
    await delay(100);
  }
}

/** Waits for the status line that the postmaster writes for pg_ctl. */
async function becomesReady(
  server: ServerProcess,
  dataDirectory: string,
  deadline: number,
): Promise<boolean> {
  let ended = false;
  void server.exited.then(() => (ended = true));
  while (!ended && performance.now() < deadline) {
    if (statusLine(dataDirectory, server.pid).startsWith('ready')) return true;
    await delay(20);
  }
  return false;
}

function statusLine(dataDirectory: string, pid: number): string {
  const file = join(dataDirectory, 'postmaster.pid');
  if (!existsSync(file)) return '';
  const lines = readFileSync(file, 'utf8').split('\n');
  return lines[0] === String(pid) ? (lines[7] ?? '') : '';
}
