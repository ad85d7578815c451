import { fork, type ChildProcess } from 'node:child_process';
import { ServiceError, type Code } from '@plumbline/errors';
import { errors } from '../domain/errors.ts';
import type { FromJob, JobKind, JobReport, JobRequest, JobSettings } from './job-messages.ts';

export interface JobRunnerOptions {
  readonly settings: JobSettings;
  /** Jobs at once; more are refused. */
  readonly maxJobs: number;
  /** Bound of each job's JavaScript heap. */
  readonly heapMib: number;
}

const ENTRY = new URL('./job-process.ts', import.meta.url);
const STDERR_CHARACTERS = 4_000;

/** Runs each offline job in a process of its own, so that reads stay quick and its memory goes back with it. */
export class JobRunner {
  readonly #options: JobRunnerOptions;
  readonly #running = new Set<ChildProcess>();

  constructor(options: JobRunnerOptions) {
    this.#options = options;
  }

  /**
   * Yields a job's reports. The job is killed when the caller stops listening or `signal` aborts; its commits stand.
   * Throws what the job threw, JOB_FAILED when it died, JOBS_EXHAUSTED when too many run.
   */
  async *run<K extends JobKind>(
    kind: K,
    request: JobRequest<K>,
    signal: AbortSignal,
  ): AsyncGenerator<JobReport<K>> {
    const { maxJobs, settings } = this.#options;
    if (this.#running.size >= maxJobs) {
      throw errors.JOBS_EXHAUSTED(`${maxJobs} offline jobs run already`, { retryAfterMs: 1_000 });
    }
    signal.throwIfAborted();
    const child = this.#start();
    this.#running.add(child);
    const kill = (): void => void child.kill('SIGKILL');
    signal.addEventListener('abort', kill);
    try {
      const messages = listen(child);
      child.send({ kind, settings, request });
      for await (const message of messages) {
        if (message.kind === 'done') return;
        if (message.kind !== 'report') throw errorOf(message);
        yield message.report;
      }
    } catch (error) {
      signal.throwIfAborted();
      throw error;
    } finally {
      signal.removeEventListener('abort', kill);
      this.#running.delete(child);
      kill();
    }
  }

  /** Kills what still runs. */
  close(): void {
    for (const child of this.#running) child.kill('SIGKILL');
  }

  #start(): ChildProcess {
    const { heapMib } = this.#options;
    return fork(ENTRY, {
      execArgv: [
        `--max-old-space-size=${heapMib}`,
        '--max-semi-space-size=32',
        '--disable-warning=ExperimentalWarning',
      ],
      serialization: 'advanced',
      env: {},
      stdio: ['ignore', 'inherit', 'pipe', 'ipc'],
    });
  }
}

/** The child's messages in order; throws JOB_FAILED when it ends without a last word. */
async function* listen(child: ChildProcess): AsyncGenerator<FromJob> {
  const waiting: FromJob[] = [];
  let death: Error | undefined;
  let stderr = '';
  let wake: () => void = () => undefined;
  child.stderr
    ?.setEncoding('utf8')
    .on('data', (text: string) => (stderr = (stderr + text).slice(-STDERR_CHARACTERS)));
  child.on('message', (message: FromJob) => {
    waiting.push(message);
    wake();
  });
  const die = (how: string): void => {
    death ??= errors.JOB_FAILED(`the job's process ${how}`, { retryAfterMs: 1_000, cause: stderr });
    wake();
  };
  child.on('error', () => die('could not be started'));
  child.on('close', (code, signal) => die(`ended with ${signal ?? `exit status ${code}`}`));
  for (;;) {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) yield next;
    if (death !== undefined) throw death;
    await new Promise<void>((resolve) => (wake = resolve));
  }
}

function errorOf(message: Extract<FromJob, { kind: 'failed' | 'broken' }>): Error {
  if (message.kind === 'broken') return new Error(`an offline job broke: ${message.stack}`);
  const { code, reason, message: text, ...rest } = message.failure;
  return new ServiceError(code as Code, reason, text, rest);
}
