import { fork, type ChildProcess } from 'node:child_process';
import { join } from 'node:path';
import { NO_TELEMETRY } from '@plumbline/onnx';
import type { TestTensor } from './read-tensor.ts';

export type EngineTensor = TestTensor;

export interface EngineRequest {
  readonly modelFile: string;
  /** In the order of the model's inputs. */
  readonly inputs: readonly EngineTensor[];
}

/** What onnxruntime-node did: outputs in the order of the model's, or where it failed. */
export type EngineAnswer =
  | { readonly outputs: readonly EngineTensor[] }
  | { readonly failed: 'open' | 'run'; readonly message: string };

/** Runs models by onnxruntime-node alone, in a process that may end by them. */
export class EngineOracle {
  #child: ChildProcess | undefined;

  /** One request at a time. A process that ends over it failed in `run`. */
  async run(request: EngineRequest): Promise<EngineAnswer> {
    const child = (this.#child ??= this.#start());
    return new Promise((resolve) => {
      const settle = (answer: EngineAnswer, isOver: boolean): void => {
        child.off('exit', ended).off('error', failed).off('message', answered);
        if (isOver) this.#child = undefined;
        resolve(answer);
      };
      const ended = (status: number | null): void => {
        settle({ failed: 'run', message: `the process ended with ${status}` }, true);
      };
      const failed = ({ message }: Error): void => {
        child.kill('SIGKILL');
        settle({ failed: 'run', message: `the process cannot be asked: ${message}` }, true);
      };
      const answered = (answer: unknown): void => {
        settle(answer as EngineAnswer, false);
      };
      child.on('exit', ended).on('error', failed).on('message', answered);
      child.send(request);
    });
  }

  close(): void {
    this.#child?.kill('SIGKILL');
  }

  #start(): ChildProcess {
    return fork(join(import.meta.dirname, 'engine-process.ts'), {
      serialization: 'advanced',
      env: { ...process.env, ...NO_TELEMETRY },
      stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
      execArgv: ['--disable-warning=ExperimentalWarning'],
    });
  }
}
