import { spawn, type ChildProcess } from 'node:child_process';
import { closeSync, mkdirSync, openSync, readFileSync } from 'node:fs';
import { once } from 'node:events';
import { dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { GRPCInferenceService } from '@plumbline/contract-oip';
import { freePort } from '@plumbline/local';
import { createChannel, createClient } from '@plumbline/rpc';

const ROOT = join(import.meta.dirname, '../../../..');
const ENTRY = join(ROOT, 'apps/inference/src/main.ts');
const DRAIN_MS = 10_000;

/** This repository's inference service as a process of its own. */
export interface RunningService {
  readonly address: string;
  readonly httpAddress: string;
  readonly metricsAddress: string;
  stop(): Promise<void>;
}

export interface ServiceOptions {
  /** A Triton-layout repository. */
  readonly repository: string;
  /** Where the service's state goes. */
  readonly directory: string;
  /** Where its log goes, one JSON object per line. */
  readonly logFile: string;
  /** Models loaded at start. */
  readonly load: readonly string[];
}

/** Our own service could not be brought up; the message ends with the last lines of its log. */
export class StartError extends Error {}

/** Starts the service on free ports; resolves when it is ready. @throws StartError with the end of its log. */
export async function startService(options: ServiceOptions): Promise<RunningService> {
  const { logFile } = options;
  const [grpcPort, httpPort, adminPort] = [await anyPort(), await anyPort(), await anyPort()];
  mkdirSync(dirname(logFile), { recursive: true });
  const log = openSync(logFile, 'w');
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', ENTRY], {
    cwd: ROOT,
    stdio: ['ignore', log, log],
    env: {
      ...process.env,
      MODEL_REPOSITORY: options.repository,
      MODEL_CONTROL_MODE: 'explicit',
      LOAD_MODELS: options.load.join(','),
      STATE_DIR: join(options.directory, 'state'),
      GRPC_PORT: String(grpcPort),
      HTTP_PORT: String(httpPort),
      ADMIN_PORT: String(adminPort),
      CONCURRENT_LOADS: '2',
      HOST: '127.0.0.1',
    },
  });
  closeSync(log);
  const endWithMe = (): void => void child.kill('SIGKILL');
  process.once('exit', endWithMe);
  const stop = (): Promise<void> => stopChild(child).finally(() => process.off('exit', endWithMe));
  const address = `127.0.0.1:${grpcPort}`;
  try {
    await untilReady(address, child, 120_000);
  } catch (error) {
    await stop();
    if (error instanceof StartError) throw new StartError(`${error.message}\n${tail(logFile)}`);
    throw error;
  }
  return {
    address,
    httpAddress: `127.0.0.1:${httpPort}`,
    metricsAddress: `127.0.0.1:${adminPort}`,
    stop,
  };
}

const anyPort = (): Promise<number> => freePort(0, 'the inference service');

async function untilReady(address: string, child: ChildProcess, withinMs: number): Promise<void> {
  const channel = createChannel(address);
  const client = createClient(GRPCInferenceService, channel);
  const lastMs = performance.now() + withinMs;
  try {
    while (performance.now() < lastMs) {
      if (child.exitCode !== null)
        throw new StartError(`The inference service ended with ${child.exitCode}:`);
      const { ready } = await client.serverReady({}, { timeoutMs: 1_000 }).catch(() => ({ ready: false }));
      if (ready) return;
      await delay(50);
    }
    throw new StartError(`The inference service was not ready within ${withinMs / 1_000} s:`);
  } finally {
    channel.close();
  }
}

async function stopChild(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, 'exit');
  child.kill('SIGTERM');
  const killer = setTimeout(() => child.kill('SIGKILL'), DRAIN_MS);
  await exited;
  clearTimeout(killer);
}

function tail(file: string): string {
  return readFileSync(file, 'utf8').trimEnd().split('\n').slice(-15).join('\n');
}
