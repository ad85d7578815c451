import { join } from 'node:path';
import type { Children } from '../processes/children.ts';
import { Program } from '../processes/program.ts';
import type { BenchmarkModel } from './benchmark-models.ts';
import type { BareQuestion, BareRunReport } from './programs/bare-run.ts';

/** The rows of a question, the device that they run on and, with a run, how long it takes. */
export interface BareSetting {
  readonly rows: number;
  readonly seconds: number;
  /** Default: the CPU, one thread. */
  readonly device?: string;
}

/** ONNX Runtime with nothing around it, in a process of its own. */
export class BareLoop {
  readonly #program: Program;

  constructor(children: Children) {
    this.#program = Program.start(children, new URL('programs/bare-run.ts', import.meta.url));
  }

  /** Runs batches of one size one after the other. @throws BenchError with what the engine says */
  run(
    repository: string,
    model: BenchmarkModel,
    { rows, seconds, device = 'cpu' }: BareSetting,
  ): Promise<BareRunReport> {
    return this.#ask({ kind: 'run', seconds, ...batchOf(repository, model, rows, device) });
  }

  /** The first output for the rows of inferRequests() under its first seed, row-major. @throws BenchError */
  answer(repository: string, model: BenchmarkModel, rows: number, device = 'cpu'): Promise<number[]> {
    return this.#ask({ kind: 'answer', ...batchOf(repository, model, rows, device) });
  }

  stop(): Promise<void> {
    return this.#program.stop();
  }

  #ask<Answer>(question: BareQuestion): Promise<Answer> {
    return this.#program.ask<Answer>(question);
  }
}

function batchOf(repository: string, model: BenchmarkModel, rows: number, device: string) {
  const { name, features, vocabulary } = model;
  return { modelFile: join(repository, name, '1', 'model.onnx'), features, vocabulary, rows, device };
}
