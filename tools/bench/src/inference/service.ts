import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { familyBytes } from '@plumbline/tool-launcher/memory';
import { BenchError } from '../bench-error.ts';
import type { Children } from '../processes/children.ts';
import { peakBytes } from '../processes/peak-memory.ts';
import { OipServer } from './oip-server.ts';
import { ServiceLog } from './service-log.ts';

const ENTRY = fileURLToPath(new URL('../../../../apps/inference/src/main.ts', import.meta.url));
const READY_WITHIN_MS = 120_000;

/** The inference service alone, as a process of its own over a repository of models. */
export interface Service {
  readonly server: OipServer;
  /** How it ended and what it said last, where it did so by itself. */
  ended(): string | undefined;
  /** Proportional set size of its processes, bytes. */
  memoryBytes(): number;
  /** The most that its own process, without those of runners, has ever held resident, bytes. */
  peakBytes(): number;
  /** The delay of its serving thread's event loop at the quantile since the last time this was asked, seconds. */
  eventLoopDelaySeconds(quantile: string): Promise<number>;
  close(): Promise<void>;
}

/** Ends when the models named answer, on `devices` and no other. @throws BenchError with what the service said */
export async function startService(
  children: Children,
  repository: string,
  models: readonly string[],
  devices: readonly string[] = ['cpu'],
): Promise<Service> {
  const child = children.spawn(process.execPath, ['--disable-warning=ExperimentalWarning', ENTRY], {
    env: environment(repository, models, devices),
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const log = new ServiceLog(child);
  const { grpc, admin } = await log.ports;
  await untilReady(admin, log);
  const server = new OipServer(`127.0.0.1:${grpc}`);
  return {
    server,
    ended: () => log.ended,
    peakBytes: () => peakBytes(child.pid as number),
    memoryBytes: () => familyBytes([child.pid as number]),
    eventLoopDelaySeconds: (quantile) => scrape(admin, quantile),
    async close() {
      server.close();
      await children.stop(child);
    },
  };
}

function environment(
  repository: string,
  models: readonly string[],
  devices: readonly string[],
): NodeJS.ProcessEnv {
  return {
    PATH: process.env['PATH'],
    HOME: process.env['HOME'],
    HOST: '127.0.0.1',
    GRPC_PORT: '0',
    ADMIN_PORT: '0',
    HTTP_PORT: '0',
    LD_LIBRARY_PATH: process.env['LD_LIBRARY_PATH'],
    EXECUTION_PROVIDERS: devices.join(),
    MODEL_REPOSITORY: repository,
    MODEL_CONTROL_MODE: 'explicit',
    LOAD_MODELS: models.join(),
  };
}

async function untilReady(adminPort: number, log: ServiceLog): Promise<void> {
  const deadline = performance.now() + READY_WITHIN_MS;
  for (;;) {
    const response = await fetch(`http://127.0.0.1:${adminPort}/readyz`);
    const report = await response.text();
    if (response.ok) return;
    if (log.ended !== undefined) throw new BenchError(log.ended);
    if (performance.now() > deadline) throw new BenchError(`the inference service is not ready: ${report}`);
    await delay(50);
  }
}

async function scrape(adminPort: number, quantile: string): Promise<number> {
  const response = await fetch(`http://127.0.0.1:${adminPort}/metrics`);
  const label = `plumbline_event_loop_delay_seconds{quantile="${quantile}"} `;
  const line = (await response.text()).split('\n').find((each) => each.startsWith(label));
  if (line === undefined) throw new BenchError(`the service's metrics lack ${label}`);
  return Number(line.slice(label.length));
}
