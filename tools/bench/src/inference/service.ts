import type { ChildProcess } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { familyBytes } from '@plumbline/tool-launcher/memory';
import { BenchError } from '../bench-error.ts';
import type { Children } from '../processes/children.ts';
import { OipServer } from './oip-server.ts';

const ENTRY = fileURLToPath(new URL('../../../../apps/inference/src/main.ts', import.meta.url));
const READY_WITHIN_MS = 120_000;
const KEPT_LINES = 20;

/** The inference service alone, as a process of its own over a repository of models. */
export interface Service {
  readonly server: OipServer;
  /** Proportional set size of its processes, bytes. */
  memoryBytes(): number;
  /** The delay of its serving thread's event loop at the quantile since the last time this was asked, seconds. */
  eventLoopDelaySeconds(quantile: string): Promise<number>;
  close(): Promise<void>;
}

interface Ports {
  readonly grpc: number;
  readonly admin: number;
}

/** Ends when the models named answer. @throws BenchError with what the service said */
export async function startService(
  children: Children,
  repository: string,
  models: readonly string[],
): Promise<Service> {
  const child = children.spawn(process.execPath, ['--disable-warning=ExperimentalWarning', ENTRY], {
    env: environment(repository, models),
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const ports = await startedOn(child);
  await untilReady(child, ports.admin);
  const server = new OipServer(`127.0.0.1:${ports.grpc}`);
  return {
    server,
    memoryBytes: () => familyBytes([child.pid as number]),
    eventLoopDelaySeconds: (quantile) => scrape(ports.admin, quantile),
    async close() {
      server.close();
      await children.stop(child);
    },
  };
}

function environment(repository: string, models: readonly string[]): NodeJS.ProcessEnv {
  return {
    PATH: process.env['PATH'],
    HOME: process.env['HOME'],
    HOST: '127.0.0.1',
    GRPC_PORT: '0',
    ADMIN_PORT: '0',
    MODEL_REPOSITORY: repository,
    MODEL_CONTROL_MODE: 'explicit',
    LOAD_MODELS: models.join(),
  };
}

/** Reads the ports from the service's log, and keeps reading it, so that it is never held up. */
function startedOn(child: ChildProcess): Promise<Ports> {
  const said: string[] = [];
  let grpc: number | undefined;
  let admin: number | undefined;
  return new Promise((resolve, reject) => {
    const read = (line: string): void => {
      if (said.push(line) > KEPT_LINES) said.shift();
      const { message, port } = parseLine(line);
      if (message === 'serving') grpc = port;
      if (message === 'admin port is open') admin = port;
      if (grpc !== undefined && admin !== undefined) resolve({ grpc, admin });
    };
    for (const stream of [child.stdout, child.stderr]) {
      createInterface({ input: stream as Readable }).on('line', read);
    }
    child.once('close', (code, signal) => {
      reject(
        new BenchError(`the inference service ended with ${code ?? signal}. It said:\n${said.join('\n')}`),
      );
    });
  });
}

function parseLine(line: string): { message?: string; port?: number } {
  try {
    return JSON.parse(line) as { message?: string; port?: number };
  } catch {
    return {}; // not written by the service's log: Node itself
  }
}

async function untilReady(child: ChildProcess, adminPort: number): Promise<void> {
  const deadline = performance.now() + READY_WITHIN_MS;
  for (;;) {
    const response = await fetch(`http://127.0.0.1:${adminPort}/readyz`);
    const report = await response.text();
    if (response.ok) return;
    if (performance.now() > deadline || child.exitCode !== null) {
      throw new BenchError(`the inference service is not ready: ${report}`);
    }
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
