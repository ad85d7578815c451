import { execFileSync } from 'node:child_process';
import { accessSync, constants, mkdirSync, writeFileSync } from 'node:fs';
import { delimiter, join, resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { launch, logTail, type Exit, type ServerProcess } from './child.ts';
import { reclaim } from './claims.ts';
import { errors } from './errors.ts';
import { natsGreeting } from './nats-greeting.ts';
import { freePort } from './ports.ts';

export interface NatsServer {
  readonly path: string;
  /** e.g. `2.9.10` */
  readonly version: string;
}

export interface NatsOptions {
  /** JetStream's files; created when absent. */
  readonly storeDirectory: string;
  /** 0 picks a free one. */
  readonly port: number;
  /** Default: the one found by `findNatsServer`. */
  readonly server?: NatsServer;
  /** What all streams together may reserve. Default 8 GiB. */
  readonly maxStoreBytes?: number;
  /** Further lines of nats-server configuration, e.g. accounts. */
  readonly configuration?: string;
}

export interface LocalNats {
  readonly url: string;
  readonly port: number;
  readonly pid: number;
  readonly logFile: string;
  readonly exited: Promise<Exit>;
  close(): Promise<void>;
}

/** The nats-server named by NATS_SERVER, or the first on PATH or in the usual sbin folders. */
export function findNatsServer(env: NodeJS.ProcessEnv = process.env): NatsServer {
  const named = env['NATS_SERVER'];
  const folders = [...(env['PATH'] ?? '').split(delimiter), '/usr/local/sbin', '/usr/sbin', '/usr/local/bin'];
  const candidates = named ? [named] : folders.filter(Boolean).map((folder) => join(folder, 'nats-server'));
  const path = candidates.find(isExecutable);
  if (path) return { path, version: versionOf(path) };
  throw errors.NATS_SERVER_MISSING(
    (named ? `NATS_SERVER names ${named}, which is not executable.` : 'No nats-server was found on PATH.') +
      ' Install it (Debian: apt-get install nats-server; elsewhere: https://nats.io/download),' +
      ' or set NATS_URL to a NATS server with JetStream.',
  );
}

/** Starts a nats-server with JetStream on 127.0.0.1. A server left behind by a killed owner is stopped first. */
export async function startNats(options: NatsOptions): Promise<LocalNats> {
  const { path, version } = options.server ?? findNatsServer();
  const storeDirectory = resolve(options.storeDirectory);
  mkdirSync(storeDirectory, { recursive: true });
  const claimFile = `${storeDirectory}.claim`;
  const logFile = `${storeDirectory}.log`;
  const configFile = `${storeDirectory}.conf`;
  await reclaim(claimFile, configFile);
  const port = await freePort(options.port, 'the local nats-server');
  writeFileSync(configFile, configuration(storeDirectory, port, version, options));
  const server = launch({
    command: path,
    args: ['-c', configFile],
    workingDirectory: storeDirectory,
    logFile,
    claimFile,
  });
  await untilReady(server, port, logFile);
  const close = () => server.stop('SIGTERM', 10_000);
  return { url: `nats://127.0.0.1:${port}`, port, pid: server.pid, logFile, exited: server.exited, close };
}

/** `sync_interval` exists from 2.10; older servers sync every two minutes, which the reconciler makes good. */
function configuration(
  storeDirectory: string,
  port: number,
  version: string,
  { maxStoreBytes = 8 * 1024 ** 3, configuration: extra = '' }: NatsOptions,
): string {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  const sync = major > 2 || (major === 2 && minor >= 10) ? 'sync_interval: "1s"' : '';
  return `listen: "127.0.0.1:${port}"
server_name: "plumbline-local"
jetstream { store_dir: "${storeDirectory}", max_memory_store: 67108864, max_file_store: ${maxStoreBytes} ${sync} }
${extra}`;
}

async function untilReady(server: ServerProcess, port: number, logFile: string): Promise<void> {
  let ended = false;
  void server.exited.then(() => (ended = true));
  const deadline = performance.now() + 20_000;
  while (!(await natsGreeting('127.0.0.1', port))?.jetstream) {
    if (ended || performance.now() > deadline) {
      await server.stop('SIGKILL', 0);
      throw errors.NATS_FAILED(
        `nats-server did not start on port ${port}. Its log (${logFile}) ends with:\n${logTail(logFile)}`,
      );
    }
    await delay(20);
  }
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

function versionOf(path: string): string {
  const printed = execFileSync(path, ['--version'], { encoding: 'utf8' });
  return /(\d+\.\d+\.\d+)/.exec(printed)?.[1] ?? '0.0.0';
}
