import { ServiceError } from '@plumbline/errors';
import { countExternalMemory } from './collections.ts';
import { answerArguments } from './command-line.ts';
import {
  ConfigurationError,
  type CommonSettings,
  type Config,
  type Settings,
  type Values,
} from './config.ts';
import { followEndSignals } from './end-signals.ts';
import { createLog, type Log } from './log.ts';
import { portTaken } from './taken-port.ts';
import { startService, type Build, type RunningService } from './start-service.ts';

const MISCONFIGURED = 78; // EX_CONFIG of sysexits(3): a supervisor need not try again

/**
 * Runs a service until SIGTERM or SIGINT: configuration from the environment, admin port, wiring, and at the end
 * drain and close. `--help` lists the settings instead. Exits 78 when the configuration is wrong, settings are given as
 * arguments, or the configuration does not go with what the service finds (its wiring fails as FAILED_PRECONDITION), 1
 * when the service failed, a port is taken or something was cut off at the end, else 0. A second signal, a second or more
 * after the first, ends the process at once.
 */
export async function run<S extends Settings & CommonSettings>(
  name: string,
  config: Config<S>,
  build: Build<Values<S>>,
): Promise<void> {
  answerOrGoOn(process.argv.slice(2), config);
  countExternalMemory();
  const values = parseOrExit(config);
  const { logLevel } = values as Values<CommonSettings>;
  const log = createLog({ service: name, level: logLevel });
  const end = ended(log);
  const service = await startOrExit(config, values, build, log);
  log.info({ port: service.adminPort, pid: process.pid }, 'admin port is open');
  const code = await Promise.race([end, failed(service, (error) => explain(error, config, values, log))]);
  const isClean = await service.stop();
  const status = code === 0 && !isClean ? 1 : code;
  log.info({ status }, 'stopped');
  process.exit(status);
}

function answerOrGoOn<S extends Settings>(args: readonly string[], config: Config<S>): void {
  const answer = answerArguments(args, config);
  if (answer === undefined) return;
  (answer.isHelp ? process.stdout : process.stderr).write(`${answer.text}\n`);
  process.exit(answer.isHelp ? 0 : MISCONFIGURED);
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

async function startOrExit<S extends Settings & CommonSettings>(
  config: Config<S>,
  values: Values<S>,
  build: Build<Values<S>>,
  log: Log,
): Promise<RunningService> {
  try {
    const common = values as Values<S> & Values<CommonSettings>;
    return await startService({ values: common, log, build });
  } catch (error) {
    process.exit(explain(error, config, values, log));
  }
}

/** Resolves with the exit status once a signal or a fault outside any call ends the process. */
function ended(log: Log): Promise<number> {
  return new Promise((resolve) => {
    followEndSignals({
      source: process,
      nowMs: () => performance.now(),
      stop: (signal) => {
        log.info({ signal }, 'stopping');
        resolve(0);
      },
      quit: () => process.exit(1),
    });
    const fail = (error: unknown) => {
      log.error({ error }, 'a fault outside any call; stopping');
      resolve(1);
    };
    process.on('uncaughtException', fail).on('unhandledRejection', fail);
  });
}

function failed(service: RunningService, explained: (error: unknown) => number): Promise<number> {
  return new Promise((resolve) => {
    service.built.catch((error: unknown) => resolve(explained(error)));
  });
}

/** Says why the service does not run, to its log and to the person who started it. Answers the exit status. */
function explain<S extends Settings>(error: unknown, config: Config<S>, values: Values<S>, log: Log): number {
  const taken = portTaken(error, config, values);
  if (taken === undefined && !isMisfit(error)) {
    log.error({ error }, 'the service could not be wired');
    return 1;
  }
  const { message } = taken ?? (error as ServiceError);
  const reason = taken === undefined ? (error as ServiceError).reason : 'PORT_TAKEN';
  log.error({ reason, error: taken?.message ?? error }, 'the service could not be wired');
  process.stderr.write(`${config.service} cannot start: ${message}\n`);
  return taken === undefined ? MISCONFIGURED : 1;
}

/** E.g. a database of a newer release, or a log that another key has signed: trying again changes nothing. */
function isMisfit(error: unknown): boolean {
  return error instanceof ServiceError && error.codeName === 'FAILED_PRECONDITION';
}
