import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { connect } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { createChannel, type Channel } from '@plumbline/rpc';
import { eventually, temporaryDirectory } from '@plumbline/testing';

/** A machine of whatever speed ends its calls within it. */
const CALL_MS = 100_000;
const MAIN = join(import.meta.dirname, '../src/main.ts');

/** The service in a process of its own. */
export interface ServiceProcess {
  readonly process: ChildProcess;
  /** What it ends with. */
  readonly status: Promise<number | null>;
  readonly channel: Channel;
  readonly httpPort: number;
  readonly adminPort: number;
  /** Kills what is left of it. */
  end(): void;
}

/** Starts it on a folder of models; resolves when it serves. */
export async function startProcess(root: string, env: NodeJS.ProcessEnv = {}): Promise<ServiceProcess> {
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', MAIN], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: {
      PATH: process.env['PATH'],
      STATE_DIR: await temporaryDirectory(),
      MODEL_REPOSITORY: root,
      GRPC_PORT: '0',
      ADMIN_PORT: '0',
      HTTP_PORT: '0',
      ...env,
    },
  });
  const ports = new Map<string, number>();
  createInterface({ input: child.stdout }).on('line', (line) => {
    const { message, port } = JSON.parse(line) as { message: string; port?: number };
    if (port !== undefined) ports.set(message, port);
  });
  const port = (message: string) => eventually(() => ports.get(message));
  const status = once(child, 'close').then(([code]) => code as number | null);
  const channel = createChannel(`127.0.0.1:${await port('serving')}`, { defaultTimeoutMs: CALL_MS });
  return {
    process: child,
    status,
    channel,
    httpPort: await port('serving HTTP'),
    adminPort: await port('admin port is open'),
    end() {
      channel.close();
      child.kill('SIGKILL');
    },
  };
}

/** Whether nobody listens there any more. */
export async function isClosed(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1');
  const opened = await new Promise<boolean>((resolve) => {
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
  });
  socket.destroy();
  return !opened;
}
