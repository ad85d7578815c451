import { ServiceError } from '@plumbline/errors';
import {
  ConfigurationError,
  type CommonSettings,
  type Config,
  type Settings,
  type Values,
} from './config.ts';
import { createLog, type Log } from './log.ts';
import { startService, type Build, type RunningService } from './start-service.ts';

const MISCONFIGURED = 78; // EX_CONFIG of sysexits(3): a supervisor need not try again

/** One Ctrl-C may come as several signals, from the terminal and from whoever forwards them. */
const SAME_SIGNAL_MS = 1_000;

/**
 * Runs a service until SIGTERM or SIGINT: configuration from the environment, admin port, wiring, and at the end
 * drain and close. Exits 78 when the configuration is wrong or does not go with what the service finds (its wiring fails
 * as FAILED_PRECONDITION), 1 when the service failed, else 0. A second signal, a
 * second or more after the first, ends the process at once.
 */
export async function run<S extends Settings & CommonSettings>(
  name: string,
  config: Config<S>,
  build: Build<Values<S>>,
): Promise<void> {
  const values = parseOrExit(config);
  const { logLevel } = values as Values<CommonSettings>;
  const log = createLog({ service: name, level: logLevel });
  const end = ended(log);
  const service = await startOrExit(values, build, log);
  log.info({ port: service.adminPort, pid: process.pid }, 'admin port is open');
  const code = await Promise.race([end, failed(service, log)]);
  await service.stop();
  log.info({ status: code }, 'stopped');
  process.exit(code);
}

function parseOrExit<S extends Settings>(config: Config<S>): Values<S> {
  try {
    return config.parse(process.env);
  } catch (error) {
    if (!(error instanceof ConfigurationError)) throw error;
    process.stderr.write(`${error.message}\n`);
    process.exit(MISCONFIGURED);
  }
}

async function startOrExit<V>(values: V, build: Build<V>, log: Log): Promise<RunningService> {
  try {
    const common = values as V & Values<CommonSettings>;
    return await startService({ values: common, log, build });
  } catch (error) {
    const { code, address, port } = error as { code?: string; address?: string; port?: number };
    const detail = code === 'EADDRINUSE' ? `ADMIN_PORT ${port} on ${address} is taken` : 'could not start';
    log.error({ error }, detail);
    process.exit(1);
  }
}

/** Resolves with the exit status once a signal or a fault outside any call ends the process. */
function ended(log: Log): Promise<number> {
  return new Promise((resolve) => {
    let firstMs: number | undefined;
    for (const signal of ['SIGTERM', 'SIGINT'] as const) {
      process.on(signal, () => {
        if (firstMs !== undefined && performance.now() - firstMs >= SAME_SIGNAL_MS) process.exit(1);
        if (firstMs !== undefined) return;
        firstMs = performance.now();
        log.info({ signal }, 'stopping');
        resolve(0);
      });
    }
    const fail = (error: unknown) => {
      log.error({ error }, 'a fault outside any call; stopping');
      resolve(1);
    };
    process.on('uncaughtException', fail).on('unhandledRejection', fail);
  });
}

function failed(service: RunningService, log: Log): Promise<number> {
  return new Promise((resolve) => {
    service.built.catch((error: unknown) => {
      log.error({ error }, 'the service could not be wired');
      resolve(isMisfit(error) ? MISCONFIGURED : 1);
    });
  });
}

/** E.g. a database of a newer release, or a log that another key has signed: trying again changes nothing. */
function isMisfit(error: unknown): boolean {
  return error instanceof ServiceError && error.codeName === 'FAILED_PRECONDITION';
}
