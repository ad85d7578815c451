import { join } from 'node:path';
import { availableParallelism, totalmem } from 'node:os';
import { ServiceError } from '@plumbline/errors';
import { runJourney, type JourneyResult } from './journey/run-journey.ts';
import { writeReport, type StepReport } from './journey/report.ts';
import { keepStreaming, STREAM_FROM_US } from './keep-streaming.ts';
import { HELP, parseOptions, UsageError, type Options } from './options.ts';
import { codeCommit, Interrupted, startPlatform, type Platform } from './platform.ts';
import { InstallRefused } from './processes/install-nats.ts';
import { MemoryPeak } from './processes/memory.ts';
import { StartError } from './processes/supervisor.ts';
import { loadState, saveState } from './state.ts';
import { Screen } from './terminal/screen.ts';

const REPORT = 'out/journey.json';

process.exitCode = await main(process.argv.slice(2), new Screen());

async function main(args: readonly string[], screen: Screen): Promise<number> {
  try {
    const options = parseOptions(args);
    if (options === undefined) {
      screen.say(HELP);
      return 0;
    }
    return await start(options, screen);
  } catch (error) {
    if (error instanceof Interrupted) {
      screen.say('\nStopped before everything was up.');
      return 130;
    }
    if (error instanceof UsageError) screen.say(`${error.message}\n\n${HELP}`);
    else if (isExplained(error)) screen.say(`\n${error.message}`);
    else throw error;
    return 1;
  }
}

/** Errors whose message is written for the person at the terminal and carries the way out. */
function isExplained(error: unknown): error is Error {
  return error instanceof StartError || error instanceof InstallRefused || error instanceof ServiceError;
}

async function start(options: Options, screen: Screen): Promise<number> {
  const stopping = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () => {
      if (stopping.signal.aborted) endAtOnce(screen);
      stopping.abort();
    });
  }
  screen.say('Plumbline: starting Postgres, NATS and seven services …');
  const platform = await startPlatform(options, screen, stopping.signal);
  try {
    return await stay(options, screen, platform, stopping.signal);
  } finally {
    screen.say('\nDraining …');
    await platform.stop();
    screen.say('Stopped.');
  }
}

/** A second Ctrl-C: servers and services are told to end and are not waited for. */
function endAtOnce(screen: Screen): never {
  screen.say('\nStopping at once.');
  process.exit(130);
}

/** The journey, where it is due, then streaming until stopped; ends soon after `signal`. Answers the exit status. */
async function stay(
  options: Options,
  screen: Screen,
  platform: Platform,
  signal: AbortSignal,
): Promise<number> {
  const statePath = join(platform.home, 'journey-state.json');
  const kept = options.once || options.bare ? undefined : loadState(statePath);
  if (options.bare) {
    screen.say('\nEverything is up. Ctrl-C stops it.');
    await aborted(signal);
    return 0;
  }
  if (kept === undefined) {
    const outcome = await Promise.race([journey(screen, platform, signal), aborted(signal)]);
    if (outcome === undefined) return options.once ? 1 : 0;
    const { passed, result } = outcome;
    if (options.once || result === undefined) return passed ? 0 : 1;
    saveState(statePath, {
      tenant: result.tenant,
      apiKey: result.apiKey,
      positionUs: String(STREAM_FROM_US),
    });
  }
  const state = loadState(statePath);
  if (state === undefined) throw new Error(`${statePath} has vanished`);
  screen.say(
    `\nTenant ${state.tenant}. Its development API key: ${state.apiKey}` +
      `\nStreaming flights on, five minutes of 2001 a second. Ctrl-C drains and stops.`,
  );
  await keepStreaming({
    screen,
    addresses: platform.addresses,
    serviceSecret: platform.infrastructure.serviceSecret,
    tenant: state.tenant,
    apiKey: state.apiKey,
    fromUs: BigInt(state.positionUs),
    onPosition: (instantUs) => saveState(statePath, { ...state, positionUs: String(instantUs) }),
    signal,
  });
  if (!signal.aborted) screen.say('The data ends here (30 June 2001). Everything stays up; Ctrl-C stops it.');
  await aborted(signal);
  return 0;
}

async function journey(
  screen: Screen,
  platform: Platform,
  signal: AbortSignal,
): Promise<{ passed: boolean; result: JourneyResult | undefined }> {
  const memory = new MemoryPeak(() => [...platform.supervisor.pids, ...platform.infrastructure.pids]);
  const steps: StepReport[] = [];
  let result: JourneyResult | undefined;
  let failure: string | undefined;
  try {
    result = await runJourney({
      screen,
      addresses: platform.addresses,
      serviceSecret: platform.infrastructure.serviceSecret,
      home: platform.home,
      objectsDirectory: platform.infrastructure.objectsDirectory,
      codeCommit: codeCommit(),
      onStep: (report) => steps.push(report),
    });
  } catch (error) {
    if (signal.aborted) return { passed: false, result: undefined };
    failure = error instanceof Error ? error.message : String(error);
    screen.say(`\n✗ The journey ended early: ${failure}`);
  }
  memory.sample();
  memory.close();
  const failed = steps.flatMap(({ checks }) => checks).filter(({ held }) => !held);
  const passed = failure === undefined && failed.length === 0;
  const seconds = Number((performance.now() / 1_000).toFixed(1));
  writeReport(REPORT, {
    commit: codeCommit(),
    machine: {
      cores: availableParallelism(),
      memoryGiB: Math.round(totalmem() / 2 ** 30),
      node: process.version,
    },
    tenant: result?.tenant,
    seconds,
    peakPssMiB: Math.round(memory.peakBytes / 2 ** 20),
    peakPssMiBByProgram: Object.fromEntries(
      Object.entries(memory.peakByProgram).map(([name, bytes]) => [name, Math.round(bytes / 2 ** 20)]),
    ),
    steps,
    ...(failure === undefined ? {} : { failure }),
    passed,
  });
  const checks = steps.flatMap((step) => step.checks).length;
  const verdict =
    failure !== undefined
      ? `Ended early, ${failed.length} of ${checks} checks had failed by then`
      : failed.length === 0
        ? 'Every check held'
        : `${failed.length} of ${checks} checks failed`;
  screen.say(
    `\n${verdict}: ${checks} checks in ${seconds} s,` +
      ` peak memory ${Math.round(memory.peakBytes / 2 ** 20)} MiB. Details: ${REPORT}`,
  );
  return { passed, result };
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    signal.addEventListener('abort', () => resolve());
  });
}
