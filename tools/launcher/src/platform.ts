import { execFileSync } from 'node:child_process';
import { accessSync, constants, mkdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { createLog } from '@plumbline/service';
import { startInfrastructure, type Infrastructure } from './processes/infrastructure.ts';
import { addresses, SERVICES, type ServiceName } from './processes/services.ts';
import { StartError, Supervisor } from './processes/supervisor.ts';
import { refuseTakenPorts } from './processes/taken-ports.ts';
import type { Screen } from './terminal/screen.ts';
import type { Options } from './options.ts';

/** Everything that runs: servers, services, and how to reach them. */
export interface Platform {
  readonly home: string;
  readonly addresses: Readonly<Record<string, string>>;
  readonly infrastructure: Infrastructure;
  readonly supervisor: Supervisor;
  /** Drains the services, then stops the servers. */
  stop(): Promise<void>;
}

/** Memory limits of the services' heaps, MiB: all of them together stay below 4 GiB. */
const HEAP_MIB: Record<ServiceName, number> = {
  audit: 256,
  registry: 192,
  'feature-store': 640,
  trainer: 384,
  inference: 256,
  monitor: 384,
  gateway: 256,
};

/**
 * Brings everything up, service by service, each as a process of its own. What had been started is stopped again when
 * that fails. @throws StartError, a ServiceError of @plumbline/local, or Interrupted when `signal` fired meanwhile
 */
export async function startPlatform(
  options: Options,
  screen: Screen,
  signal?: AbortSignal,
): Promise<Platform> {
  const home = resolve(options.home);
  const log = createLog({ service: 'launcher', level: 'error' });
  makeHome(home);
  const supervisor = new Supervisor({
    logDirectory: join(home, 'logs'),
    claimDirectory: join(home, 'claims'),
    onRestart: (name, how) => screen.say(`  ${name} ended (${how}); starting it again`),
  });
  await supervisor.reclaim(SERVICES.map(({ name }) => ({ name, script: scriptOf(name) })));
  await refuseTakenPorts(options.basePort);
  const infrastructure = await startInfrastructure(home, log, (line) => screen.say(line));
  for (const line of infrastructure.summary) screen.say(`  ${line}`);
  const at = addresses(options.basePort);
  const stop = async () => {
    await supervisor.stop();
    await infrastructure.close();
  };
  try {
    const starting = Promise.all(
      SERVICES.map((service) => supervisor.start(programOf(service, options.basePort, home, infrastructure))),
    );
    await unlessInterrupted(starting, signal);
    for (const service of SERVICES) {
      screen.say(
        `  ${service.name.padEnd(15)} gRPC 127.0.0.1:${options.basePort + service.offset}   health and metrics http://127.0.0.1:${options.basePort + service.offset + 1}`,
      );
    }
  } catch (error) {
    await stop();
    throw error;
  }
  return { home, addresses: at, infrastructure, supervisor, stop };
}

/** The person at the terminal has changed their mind. */
export class Interrupted extends Error {}

async function unlessInterrupted(work: Promise<unknown>, signal: AbortSignal | undefined): Promise<void> {
  const interrupted = new Promise<never>((_, reject) => {
    const fail = () => reject(new Interrupted('interrupted while starting'));
    if (signal?.aborted) fail();
    signal?.addEventListener('abort', fail, { once: true });
  });
  await Promise.race([work, interrupted]);
}

function makeHome(home: string): void {
  try {
    mkdirSync(home, { recursive: true });
    accessSync(home, constants.W_OK);
  } catch (cause) {
    const way = 'Choose a folder of your own: npm start -- --home <folder>';
    throw new StartError(`The data folder ${home} cannot be written: ${(cause as Error).message}. ${way}`, {
      cause,
    });
  }
}

const scriptOf = (name: ServiceName): string => `apps/${name}/src/main.ts`;

function programOf(
  { name, offset }: (typeof SERVICES)[number],
  basePort: number,
  home: string,
  infrastructure: Infrastructure,
) {
  const databaseUrl = infrastructure.databaseUrl(name);
  return {
    name,
    script: scriptOf(name),
    nodeFlags: [`--max-old-space-size=${HEAP_MIB[name]}`],
    readyUrl: `http://127.0.0.1:${basePort + offset + 1}/readyz`,
    env: {
      ...addresses(basePort),
      HOST: '127.0.0.1',
      GRPC_PORT: String(basePort + offset),
      ADMIN_PORT: String(basePort + offset + 1),
      NATS_URL: infrastructure.natsUrl,
      OBJECTS_DIR: infrastructure.objectsDirectory,
      STATE_DIR: join(home, name),
      SERVICE_SECRET: infrastructure.serviceSecret,
      CODE_COMMIT: codeCommit(),
      KEY_DIRECTORY: join(home, name),
      ...(databaseUrl === undefined ? {} : { DATABASE_URL: databaseUrl }),
      ...(name === 'feature-store'
        ? { DATA_DIRECTORIES: [join(home, 'inbox'), 'node_modules/vega-datasets/data'].join(':') }
        : {}),
    },
  };
}

/** Empty outside a git checkout. */
export function codeCommit(): string {
  try {
    return execFileSync('git', ['rev-parse', 'HEAD'], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    }).trim();
  } catch {
    return ''; // no git or no checkout: the version then says that its code is unknown
  }
}
