import { elementCount, type Shape } from '@plumbline/tensors';
import type { AdmittedRequest } from '../src/domain/batching/admitted-request.ts';
import {
  RunFailed,
  RunnerLost,
  type Batch,
  type BatchResult,
  type Runner,
} from '../src/domain/runners/runner.ts';
import type { ModelSignature } from '../src/domain/signature.ts';

/** Two inputs and an output: y[row] = sum of x[row] + 1000 · k[row]; x may be of any width. */
export const SUM_SIGNATURE: ModelSignature = {
  inputs: [
    { name: 'x', datatype: 'FP32', shape: [-1, -1] },
    { name: 'k', datatype: 'INT64', shape: [-1, 1] },
  ],
  outputs: [{ name: 'y', datatype: 'FP64', shape: [-1, 1] }],
};

export interface FakeRunnerOptions {
  readonly signature?: ModelSignature;
  /** Waits before each run, e.g. on something that the test controls. */
  readonly before?: (batch: Batch) => Promise<void>;
  /** Whether a batch ends the runner instead of being answered. */
  readonly crashesOn?: (batch: Batch) => boolean;
  /** What it tells of its runs besides 7 µs inside the engine. */
  readonly times?: Partial<Omit<BatchResult, 'outputs'>>;
  /** The answers; by default those of SUM_SIGNATURE. */
  readonly compute?: (batch: Batch) => readonly { shape: Shape; raw: Uint8Array }[];
}

/** A runner in this thread that follows the contract: runs in order, buffers handed over and back. */
export class FakeRunner implements Runner {
  readonly signature: ModelSignature;
  readonly device = 'cpu';
  readonly memoryBytes = 0;
  readonly batches: Shape[] = [];
  closed = false;
  abandoned = false;
  #options: FakeRunnerOptions;
  #last: Promise<unknown> = Promise.resolve();
  #lost: RunnerLost | undefined;
  #crash: (error: RunnerLost) => void = () => undefined;
  #crashed: Promise<never>;

  constructor(options: FakeRunnerOptions = {}) {
    this.#options = options;
    this.signature = options.signature ?? SUM_SIGNATURE;
    this.#crashed = new Promise((_, reject) => (this.#crash = reject));
    this.#crashed.catch(() => undefined);
  }

  run(batch: Batch): Promise<BatchResult> {
    if (this.#lost !== undefined) return Promise.reject(this.#lost);
    this.batches.push(batch.inputs[0]?.shape ?? []);
    const result = this.#last.then(async () => {
      await this.#options.before?.(batch);
      if (this.#options.crashesOn?.(batch) === true) this.crash();
      if (this.#lost !== undefined) throw this.#lost;
      const outputs = (this.#options.compute ?? sums)(batch);
      return { outputs, waitedUs: 0, inputUs: 0, inferUs: 7, ...this.#options.times };
    });
    this.#last = result.catch(() => undefined);
    return Promise.race([result, this.#crashed]);
  }

  crash(): void {
    this.#lost = new RunnerLost('the fake runner was told to end');
    this.#crash(this.#lost);
  }

  abandon(): void {
    this.abandoned = true;
    this.crash();
  }

  async close(): Promise<void> {
    if (!this.abandoned) await this.#last;
    this.closed = true;
  }
}

/** The function of SUM_SIGNATURE, as a request's own oracle. NaN in x makes the engine refuse. */
export function sumOf(x: readonly number[], k: bigint): number {
  return x.reduce((sum, value) => sum + value, 0) + 1000 * Number(k);
}

function sums({ buffer, inputs, outputs }: Batch) {
  const [x, k] = inputs;
  const [y] = outputs;
  if (x === undefined || k === undefined || y === undefined) throw new TypeError('the batch is not laid out');
  const rows = x.shape[0] ?? 0;
  const xs = new Float32Array(buffer, x.offsetBytes, elementCount(x.shape));
  const ks = new BigInt64Array(buffer, k.offsetBytes, rows);
  const ys = new Float64Array(buffer, y.offsetBytes, rows);
  const width = xs.length / rows;
  if (xs.some(Number.isNaN)) throw new RunFailed('NaN');
  for (let row = 0; row < rows; row++) {
    ys[row] = sumOf([...xs.subarray(row * width, (row + 1) * width)], ks[row] ?? 0n);
  }
  return [{ shape: y.shape, raw: new Uint8Array(buffer, y.offsetBytes, rows * 8) }];
}

/** A request for SUM_SIGNATURE, its bytes at an odd offset as in a real message. */
export function sumRequest(x: readonly (readonly number[])[], k: readonly bigint[]): AdmittedRequest {
  const width = x[0]?.length ?? 0;
  return {
    rows: x.length,
    inputs: [odd(new Float32Array(x.flat())), odd(new BigInt64Array(k))],
    shapes: [
      [x.length, width],
      [x.length, 1],
    ],
    outputs: [0],
    bucket: `[${width}];`,
  };
}

function odd(elements: Float32Array | BigInt64Array): Uint8Array {
  const bytes = new Uint8Array(elements.byteLength + 1);
  bytes.set(new Uint8Array(elements.buffer), 1);
  return bytes.subarray(1);
}
