import { fork, type ChildProcess } from 'node:child_process';
import { errors } from '../domain/errors.ts';
import type {
  Engine,
  EngineRun,
  FitOutcome,
  FitTask,
  ScoreOutcome,
  ScoreTask,
} from '../domain/training/engine.ts';
import type { FromEngine, ToEngine } from './protocol.ts';
import { Slots } from './slots.ts';

export interface ProcessEngineOptions {
  /** Processes at once; more tasks wait. */
  readonly processes: number;
  /** Bound of each process's memory: its JavaScript heap gets the half, typed arrays and engines the rest. */
  readonly memoryMiB: number;
  /** Longest life of a process. */
  readonly timeoutMs: number;
  /** Module that the process begins with. */
  readonly entry?: URL;
}

const ENTRY = new URL('./engine-process.ts', import.meta.url);
const MIB = 1024 * 1024;
const STDERR_CHARACTERS = 2000;

/** Runs each task in a process of its own, which is killed when the caller gives up or its time is over. */
export class ProcessEngine implements Engine {
  readonly #options: ProcessEngineOptions;
  readonly #slots: Slots;

  constructor(options: ProcessEngineOptions) {
    this.#options = options;
    this.#slots = new Slots(options.processes);
  }

  async fit(task: FitTask, run: EngineRun): Promise<FitOutcome> {
    return (await this.#run({ kind: 'fit', task, memoryBytes: this.#memoryBytes }, run)) as FitOutcome;
  }

  async score(task: ScoreTask, run: EngineRun): Promise<ScoreOutcome> {
    return (await this.#run({ kind: 'score', task, memoryBytes: this.#memoryBytes }, run)) as ScoreOutcome;
  }

  get #memoryBytes(): number {
    return this.#options.memoryMiB * MIB;
  }

  async #run(message: ToEngine, run: EngineRun): Promise<FitOutcome | ScoreOutcome> {
    const release = await this.#slots.acquire(run.signal);
    try {
      return await this.#inProcess(message, run);
    } finally {
      release();
    }
  }

  async #inProcess(message: ToEngine, { signal, onProgress }: EngineRun): Promise<FitOutcome | ScoreOutcome> {
    const { timeoutMs } = this.#options;
    const timeout = AbortSignal.timeout(timeoutMs);
    const child = this.#start();
    const kill = (): void => void child.kill('SIGKILL');
    const giveUp = AbortSignal.any([signal, timeout]);
    giveUp.addEventListener('abort', kill);
    if (giveUp.aborted) kill();
    try {
      return await converse(child, message, onProgress);
    } catch (error) {
      signal.throwIfAborted();
      if (timeout.aborted) throw errors.ENGINE_TIMEOUT(`the engine took longer than ${timeoutMs} ms`);
      throw error;
    } finally {
      giveUp.removeEventListener('abort', kill);
      kill();
    }
  }

  #start(): ChildProcess {
    const { memoryMiB, entry = ENTRY } = this.#options;
    return fork(entry, {
      execArgv: [`--max-old-space-size=${Math.ceil(memoryMiB / 2)}`, '--disable-warning=ExperimentalWarning'],
      serialization: 'advanced',
      // No secrets, and nothing of what ONNX Runtime would send of models.
      env: { ORT_DISABLE_TELEMETRY: '1' },
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    });
  }
}

/** Tells the process its task and waits for its last word. */
function converse(
  child: ChildProcess,
  message: ToEngine,
  onProgress: EngineRun['onProgress'],
): Promise<FitOutcome | ScoreOutcome> {
  return new Promise((resolve, reject) => {
    let stderr = '';
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      stderr = (stderr + text).slice(-STDERR_CHARACTERS);
    });
    child.on('message', (answer: FromEngine) => {
      if (answer.kind === 'progress') onProgress?.(answer);
      else if (answer.kind === 'done') resolve(answer.outcome);
      else reject(errors[answer.reason](messageOf(answer), { cause: answer.message }));
    });
    child.on('error', (cause) => reject(errors.ENGINE_DIED('the engine could not be started', { cause })));
    child.on('close', (code, signal) => reject(deathOf(code, signal, stderr)));
    child.send(message, (error) => {
      if (error) reject(errors.ENGINE_DIED('the engine ended before it had its task', { cause: error }));
    });
  });
}

/** What the engine did not foresee goes to the log as the cause, never to callers. */
function messageOf({ reason, message }: Extract<FromEngine, { kind: 'failed' }>): string {
  return reason === 'ENGINE_FAILED' ? 'the engine failed unexpectedly' : message;
}

function deathOf(code: number | null, signal: string | null, stderr: string): Error {
  if (stderr.includes('heap out of memory')) {
    return errors.ENGINE_MEMORY_EXCEEDED('the engine ran out of heap', { cause: stderr });
  }
  return errors.ENGINE_DIED(`the engine ended with ${signal ?? `exit status ${code}`}`, { cause: stderr });
}
