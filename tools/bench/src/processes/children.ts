import { fork, spawn, type ChildProcess, type SpawnOptions } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

const KEEPER = fileURLToPath(new URL('keeper.ts', import.meta.url));
const DRAIN_MS = 15_000;

/** What the keeper is told of a process. */
export interface Ward {
  readonly pid: number;
  readonly alive: boolean;
}

/**
 * The processes of a run. All of them end with this process, however it ends: a keeper beside it, which outlives it by
 * a moment, kills what a killed bench leaves behind. They live in sessions of their own, so that the terminal's Ctrl-C
 * reaches the bench alone.
 */
export class Children {
  readonly #keeper: ChildProcess;
  readonly #alive = new Set<ChildProcess>();
  readonly #killAll = (): void => this.#alive.forEach((child) => child.kill('SIGKILL'));

  /** Resolves once the keeper keeps. */
  static async start(): Promise<Children> {
    const keeper = fork(KEEPER, { detached: true, stdio: ['ignore', 'ignore', 'ignore', 'ipc'] });
    await once(keeper, 'message');
    return new Children(keeper);
  }

  private constructor(keeper: ChildProcess) {
    this.#keeper = keeper;
    keeper.unref();
    keeper.channel?.unref();
    process.once('exit', this.#killAll);
  }

  /** @throws through the child's event `error` where the command does not exist. */
  spawn(command: string, args: readonly string[], options: SpawnOptions = {}): ChildProcess {
    const child = spawn(command, args, { ...options, detached: true });
    const { pid } = child;
    if (pid === undefined) return child;
    this.#alive.add(child);
    this.#tell({ pid, alive: true });
    child.once('exit', () => {
      this.#alive.delete(child);
      this.#tell({ pid, alive: false });
    });
    return child;
  }

  /** Asks a process to end; kills it after 15 s. */
  async stop(child: ChildProcess): Promise<void> {
    if (!this.#alive.has(child)) return;
    const ended = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGTERM');
    const timer = setTimeout(() => child.kill('SIGKILL'), DRAIN_MS);
    await ended;
    clearTimeout(timer);
  }

  /** Ends every process and the keeper. */
  async close(): Promise<void> {
    await Promise.all([...this.#alive].map((child) => this.stop(child)));
    process.off('exit', this.#killAll);
    if (this.#keeper.connected) this.#keeper.disconnect();
  }

  #tell(ward: Ward): void {
    if (this.#keeper.connected) this.#keeper.send(ward);
  }
}
