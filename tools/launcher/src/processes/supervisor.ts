import { spawn, type ChildProcess } from 'node:child_process';
import { closeSync, mkdirSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { claim, reclaim, releaseClaim } from '@plumbline/local';

export interface Program {
  readonly name: string;
  /** Script that Node runs. */
  readonly script: string;
  readonly nodeFlags?: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** Answers 200 once the program can serve. */
  readonly readyUrl: string;
}

export interface SupervisorOptions {
  readonly logDirectory: string;
  /** Where each running process is recorded, so that a later start can stop what a killed one left behind. */
  readonly claimDirectory: string;
  /** Told of every end that nobody asked for. */
  readonly onRestart: (name: string, how: string) => void;
}

/** EX_CONFIG: a program that ends with it is misconfigured, and starting it again would not help. */
const MISCONFIGURED = 78;
const FIRST_BACKOFF_MS = 100;
const LONGEST_BACKOFF_MS = 5_000;
/** A program that ran this long starts again at the first backoff. */
const SETTLED_MS = 10_000;
const DRAIN_MS = 15_000;

/** A program could not be brought up; the message ends with the last lines of its log. */
export class StartError extends Error {}

/** Runs programs as processes of their own and starts them again when they end unasked. */
export class Supervisor {
  readonly #options: SupervisorOptions;
  readonly #running = new Map<string, SupervisedProgram>();
  /** Where the supervisor's own process has to end at once, its programs still drain. */
  readonly #endToo = (): void => this.pids.forEach((pid) => process.kill(pid, 'SIGTERM'));

  constructor(options: SupervisorOptions) {
    this.#options = options;
    mkdirSync(options.logDirectory, { recursive: true });
    mkdirSync(options.claimDirectory, { recursive: true });
    process.once('exit', this.#endToo);
  }

  /** Stops programs that a killed supervisor left running. @throws ServiceError ALREADY_RUNNING while it still lives. */
  async reclaim(programs: readonly Pick<Program, 'name' | 'script'>[]): Promise<void> {
    await Promise.all(
      programs.map(({ name, script }) => reclaim(claimFileOf(this.#options, name), script, 'SIGTERM')),
    );
  }

  /** Process ids of what runs now. */
  get pids(): number[] {
    return [...this.#running.values()].flatMap(({ pid }) => (pid === undefined ? [] : [pid]));
  }

  pidOf(name: string): number | undefined {
    return this.#running.get(name)?.pid;
  }

  /** Starts a program; resolves when it is ready. @throws StartError */
  async start(program: Program, withinMs = 60_000): Promise<void> {
    const supervised = new SupervisedProgram(program, this.#options);
    this.#running.set(program.name, supervised);
    supervised.launch();
    await supervised.untilReady(withinMs);
  }

  /** Drains in reverse order of starting; each program gets 15 s before it is killed. */
  async stop(): Promise<void> {
    for (const program of [...this.#running.values()].reverse()) await program.stop();
    this.#running.clear();
    process.off('exit', this.#endToo);
  }
}

class SupervisedProgram {
  readonly #program: Program;
  readonly #options: SupervisorOptions;
  readonly #logFile: string;
  #child: ChildProcess | undefined;
  #startedAt = 0;
  #backoffMs = FIRST_BACKOFF_MS;
  #stopping = false;
  #failure: string | undefined;
  #restart: NodeJS.Timeout | undefined;

  constructor(program: Program, options: SupervisorOptions) {
    this.#program = program;
    this.#options = options;
    this.#logFile = join(options.logDirectory, `${program.name}.log`);
  }

  get pid(): number | undefined {
    return this.#child?.pid;
  }

  launch(): void {
    const { script, env, nodeFlags = [] } = this.#program;
    const log = openSync(this.#logFile, 'a');
    // A session of its own: the terminal's Ctrl-C must reach the launcher only, which then drains in order.
    const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', ...nodeFlags, script], {
      env: { ...process.env, ...env },
      stdio: ['ignore', log, log],
      detached: true,
    });
    closeSync(log);
    this.#child = child;
    this.#startedAt = performance.now();
    if (child.pid !== undefined) claim(claimFileOf(this.#options, this.#program.name), child.pid);
    child.once('exit', (code, signal) => {
      releaseClaim(claimFileOf(this.#options, this.#program.name));
      this.#ended(code, signal);
    });
  }

  async untilReady(withinMs: number): Promise<void> {
    const deadline = performance.now() + withinMs;
    while (this.#child === undefined || !(await answersOk(this.#program.readyUrl))) {
      if (this.#failure !== undefined) throw new StartError(this.#failure);
      if (performance.now() > deadline) {
        throw new StartError(
          `${this.#program.name} was not ready within ${withinMs / 1_000} s. ${this.#logTail()}`,
        );
      }
      await delay(50);
    }
  }

  async stop(): Promise<void> {
    this.#stopping = true;
    clearTimeout(this.#restart);
    const child = this.#child;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const ended = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGTERM');
    const timer = setTimeout(() => child.kill('SIGKILL'), DRAIN_MS);
    await ended;
    clearTimeout(timer);
  }

  #ended(code: number | null, signal: NodeJS.Signals | null): void {
    this.#child = undefined;
    if (this.#stopping) return;
    const how = signal === null ? `exit status ${code}` : `signal ${signal}`;
    if (code === MISCONFIGURED) {
      this.#failure = `${this.#program.name} is misconfigured. ${this.#logTail()}`;
      return;
    }
    this.#options.onRestart(this.#program.name, how);
    if (performance.now() - this.#startedAt > SETTLED_MS) this.#backoffMs = FIRST_BACKOFF_MS;
    this.#restart = setTimeout(() => this.launch(), this.#backoffMs);
    this.#backoffMs = Math.min(2 * this.#backoffMs, LONGEST_BACKOFF_MS);
  }

  #logTail(): string {
    const lines = readFileSync(this.#logFile, 'utf8').trimEnd().split('\n').map(sentenceOf);
    const said = [...new Set(lines.filter((line) => line !== ''))].slice(-4);
    return `It said (${this.#logFile}):\n${said.map((line) => `  ${line}`).join('\n')}`;
  }
}

/** What a log line says to a person: words instead of JSON, errors without their stacks, nothing of what went well. */
function sentenceOf(line: string): string {
  try {
    const { level, message, error } = JSON.parse(line) as {
      level?: string;
      message?: string;
      error?: { reason?: string; message?: string };
    };
    if (level === 'info' || level === 'debug') return '';
    const cause = [error?.reason, error?.message].filter(Boolean).join(': ');
    return cause === '' ? (message ?? line) : `${message}: ${cause}`;
  } catch {
    return line; // not written by the service's log: Node itself, or a module that failed to load
  }
}

function claimFileOf({ claimDirectory }: SupervisorOptions, name: string): string {
  return join(claimDirectory, `${name}.claim`);
}

async function answersOk(url: string): Promise<boolean> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(1_000) });
    await response.arrayBuffer();
    return response.ok;
  } catch {
    return false; // not listening yet: the caller asks again until its deadline
  }
}
