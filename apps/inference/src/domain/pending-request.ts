import type { AdmittedRequest } from './admit-request.ts';
import type { Queued, Slice } from './batch-queue.ts';
import type { BatchOutput, BatchResult } from './runner.ts';

/** How long, and how urgently, a caller waits. */
export interface InferLimits {
  /** Milliseconds on the batcher's clock after which the answer is of no use; Infinity: none. */
  readonly deadlineMs: number;
  readonly signal: AbortSignal | undefined;
  /** Level of priority, counted from 1, the first to go; 0 or undefined: the model's default. */
  readonly priority?: number | undefined;
  /** Longest wait in the queue, as far as the model's queue policy lets requests say; 0 or undefined: the policy's. */
  readonly timeoutUs?: number | undefined;
}

/** What one caller gets. */
export interface InferAnswer {
  /** The wanted outputs in the order asked for. The bytes are to be copied before the next turn of the loop. */
  readonly outputs: readonly BatchOutput[];
  /** Rows of the batch that the request ran in; of the largest, where it was split. */
  readonly batchRows: number;
  /** From arrival until the first batch was sealed. */
  readonly queueUs: number;
  /** Time of the batch inside the engine; the sum, where the request was split. */
  readonly inferUs: number;
}

/** A request on its way through the batcher, and its answer as it comes together. */
export class PendingRequest implements Queued {
  readonly rows: number;
  readonly bucket: string;
  readonly level: number;
  readonly deadlineMs: number;
  readonly timeoutMs: number;
  readonly signal: AbortSignal | undefined;
  readonly request: AdmittedRequest;
  readonly answer: Promise<InferAnswer>;
  readonly #arrivedMs: number;
  #resolve!: (answer: InferAnswer) => void;
  #reject!: (error: unknown) => void;
  #sealedMs: number | undefined;
  #settled = false;
  #answeredRows = 0;
  #batchRows = 0;
  #inferUs = 0;
  #outputs: BatchOutput[] | undefined;

  /** @param units what the queue counts: rows where requests share batches, 1 where each runs alone. */
  constructor(
    request: AdmittedRequest,
    units: number,
    limits: InferLimits,
    policy: { readonly level: number; readonly timeoutUs: number },
    arrivedMs: number,
  ) {
    this.request = request;
    this.level = policy.level;
    this.timeoutMs = arrivedMs + policy.timeoutUs / 1000;
    this.rows = units;
    this.bucket = request.bucket;
    this.deadlineMs = limits.deadlineMs;
    this.signal = limits.signal;
    this.#arrivedMs = arrivedMs;
    this.answer = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
  }

  get settled(): boolean {
    return this.#settled;
  }

  markSealed(nowMs: number): void {
    this.#sealedMs ??= nowMs;
  }

  fail(error: unknown): void {
    if (this.#settled) return;
    this.#settled = true;
    this.#reject(error);
  }

  /** Takes this request's rows out of a batch's result; answers the caller with the last of them. */
  take(slice: Slice<PendingRequest>, unitsInBatch: number, batchRows: number, result: BatchResult): void {
    if (this.#settled) return;
    const whole = slice.rows === this.rows;
    if (whole && unitsInBatch === this.rows) this.#outputs = this.#wanted(result.outputs);
    else if (whole)
      this.#outputs = this.#wanted(result.outputs).map((output) => rowsOf(output, unitsInBatch, slice));
    else this.#append(slice, unitsInBatch, result);
    this.#answeredRows += slice.rows;
    this.#batchRows = Math.max(this.#batchRows, batchRows);
    this.#inferUs += result.inferUs;
    if (this.#answeredRows === this.rows) this.#finish();
  }

  #wanted(outputs: readonly BatchOutput[]): BatchOutput[] {
    return this.request.outputs.map((index) => outputs[index] as BatchOutput);
  }

  /** Collects the slices of a split request in buffers of its own. */
  #append(slice: Slice<PendingRequest>, unitsInBatch: number, result: BatchResult): void {
    const parts = this.#wanted(result.outputs).map((output) => rowsOf(output, unitsInBatch, slice));
    this.#outputs ??= parts.map(({ shape, raw }) => ({
      shape: [this.rows, ...shape.slice(1)],
      raw: new Uint8Array((raw.length / slice.rows) * this.rows),
    }));
    parts.forEach(({ raw }, index) => {
      this.#outputs?.[index]?.raw.set(raw, (raw.length / slice.rows) * slice.fromRow);
    });
  }

  #finish(): void {
    this.#settled = true;
    this.#resolve({
      outputs: this.#outputs ?? [],
      batchRows: this.#batchRows,
      queueUs: Math.round(((this.#sealedMs ?? this.#arrivedMs) - this.#arrivedMs) * 1000),
      inferUs: this.#inferUs,
    });
  }
}

function rowsOf(output: BatchOutput, unitsInBatch: number, slice: Slice<PendingRequest>): BatchOutput {
  const rowBytes = output.raw.length / unitsInBatch;
  return {
    shape: [slice.rows, ...output.shape.slice(1)],
    raw: output.raw.subarray(slice.atRow * rowBytes, (slice.atRow + slice.rows) * rowBytes),
  };
}
