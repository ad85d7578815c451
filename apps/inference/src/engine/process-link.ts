import { spawn, type ChildProcess } from 'node:child_process';
import type { Duplex } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { stripVTControlCharacters } from 'node:util';
import { NO_TELEMETRY } from '@plumbline/onnx';
import { RunnerLost } from '../domain/runners/runner.ts';
import { closeExchange, openExchange } from './exchange.ts';
import { ProcessChannel } from './process-channel.ts';
import type { FromRunner, ToRunner } from './protocol.ts';
import { alarm } from '../timers.ts';
import type { LinkListener, RunnerLink } from './runner-link.ts';

export const PROCESS_ENTRY = new URL('./runner-process.ts', import.meta.url);

export interface ProcessLinkOptions {
  /** Module that the process begins with. */
  readonly entry: URL;
  /** Bound of the JavaScript heap of the thread that runs the model. */
  readonly heapMiB: number;
  /** Bound of the process's resident memory. */
  readonly memoryMiB: number;
  /** Of the process: 0 to 19. */
  readonly niceness: number;
}

/** Where the GPU's libraries and devices are found; nothing else of the environment, which holds secrets, is passed on. */
const PASSED_ON = [
  'LD_LIBRARY_PATH',
  'CUDA_VISIBLE_DEVICES',
  'CUDA_DEVICE_ORDER',
  'NVIDIA_VISIBLE_DEVICES',
  'NVIDIA_DRIVER_CAPABILITIES',
];
/** Writable memory that Node reserves and never touches. */
const RESERVED_MIB = 1536;
const CHANNEL = 3;
/** Some lines of the engine, each of which names two paths. */
const MAX_LAST_WORDS = 4096;
/** No core dump, which would hold callers' values; and no more memory, however fast it is asked for. */
const LIMITED = 'ulimit -c 0; ulimit -d "$1" && shift && exec "$@"';

/**
 * The way to a process with one model. It can be killed at any time, and then its memory is given back; it dies with
 * this process, however that ends.
 */
export class ProcessLink implements RunnerLink {
  readonly #child: ChildProcess;
  readonly #channel: ProcessChannel;
  #listener: LinkListener = { message: () => undefined, ended: () => undefined };
  readonly #gone = Promise.withResolvers<void>();
  #lastWords = '';

  constructor(options: ProcessLinkOptions) {
    const exchange = openExchange();
    this.#child = spawnHolding(options, exchange);
    this.#child.stderr?.on('data', (chunk: Buffer) => {
      this.#lastWords = (this.#lastWords + chunk.toString()).slice(-MAX_LAST_WORDS);
    });
    this.#child.once('error', (cause) => this.#ended(`it was not started: ${cause.message}`));
    this.#child.once('close', (code, signal) => {
      this.#channel.end(() => this.#ended(signal ?? `status ${code}`));
    });
    const socket = this.#child.stdio[CHANNEL] as Duplex;
    // Whatever is wrong with the socket, the process is of no use any more; its end follows.
    socket.on('error', () => this.abandon()).on('close', () => this.abandon());
    const listener = {
      message: (message: FromRunner) => this.#listener.message(message),
      breach: (cause: unknown) => {
        this.#listener.ended(new RunnerLost('the runner process broke the protocol', { cause }));
        this.abandon();
      },
    };
    this.#channel = new ProcessChannel(socket, exchange, listener, alarm);
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  listen(listener: LinkListener): void {
    this.#listener = listener;
  }

  post(message: ToRunner): void {
    this.#channel.send(message);
  }

  end(): void {
    this.abandon();
  }

  async lastWords(): Promise<string> {
    await this.#gone.promise;
    return this.#words();
  }

  abandon(): void {
    this.#child.kill('SIGKILL');
  }

  #ended(how: string): void {
    this.#gone.resolve();
    const words = this.#words();
    this.#listener.ended(
      new RunnerLost(`the runner process ended (${how})${words === '' ? '' : `: ${words}`}`),
    );
  }

  #words(): string {
    return stripVTControlCharacters(this.#lastWords).trim();
  }
}

/** As spawnLimited; what throws closes the exchange. */
function spawnHolding(options: ProcessLinkOptions, exchange: number | undefined): ChildProcess {
  try {
    return spawnLimited(options, exchange);
  } catch (error) {
    if (exchange !== undefined) closeExchange(exchange);
    throw error;
  }
}

function spawnLimited(
  { entry, heapMiB, memoryMiB, niceness }: ProcessLinkOptions,
  exchange: number | undefined,
): ChildProcess {
  const dataKiB = String((memoryMiB + RESERVED_MIB) * 1024);
  const command = [process.execPath, '--disable-warning=ExperimentalWarning', fileURLToPath(entry)];
  const bounds = [heapMiB, memoryMiB, niceness].map(String);
  const args = ['-c', LIMITED, 'sh', dataKiB, ...command, ...bounds];
  const env = Object.fromEntries(
    PASSED_ON.flatMap((name) => (name in process.env ? [[name, process.env[name]]] : [])),
  );
  return spawn('/bin/sh', args, {
    stdio: ['ignore', 'ignore', 'pipe', 'pipe', exchange ?? 'ignore'],
    env: { ...env, ...NO_TELEMETRY },
    cwd: '/',
    // Signals that a terminal sends to the whole group are for the service, which drains its runners.
    detached: true,
  });
}
