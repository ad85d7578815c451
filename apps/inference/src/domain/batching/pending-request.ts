import type { Datatype } from '@plumbline/tensors';
import type { AdmittedRequest } from './admitted-request.ts';
import type { Slice } from './batch-queue.ts';
import { errors } from '../errors.ts';
import { joinParts, type AnswerPart } from './join-parts.ts';
import type { OutputRows } from './output-rows.ts';
import { RowStarts } from '../row-starts.ts';
import type { BatchOutput } from '../runners/runner.ts';
import type { BatchTimes } from './statistics.ts';
import type { Queued } from './waiting.ts';

/** How long, and how urgently, a caller waits. */
export interface InferLimits {
  /** Milliseconds on the batcher's clock after which the answer is of no use; Infinity: none. */
  readonly deadlineMs: number;
  /** Fires when the caller goes away. May be made on first use, which costs microseconds: most requests never use it. */
  readonly signal: AbortSignal | undefined;
  /** As `signal.aborted`, of a caller whose signal is made on first use; undefined: `signal` says it. */
  readonly isCancelled?: boolean | undefined;
  /** Level of priority, counted from 1, the first to go; 0 or undefined: the model's default. */
  readonly priority?: number | undefined;
  /** Longest wait in the queue, as far as the model's queue policy lets requests say; 0 or undefined: the policy's. */
  readonly timeoutUs?: number | undefined;
}

/** What one caller gets. */
export interface InferAnswer {
  /** The wanted outputs in the order asked for. The bytes are views of a batch that others share; nobody writes to it again. */
  readonly outputs: readonly BatchOutput[];
  /** Rows of the batch that the request ran in; of the largest, where it was split. */
  readonly batchRows: number;
  /** From arrival until its first run began, less the gathering of that run's inputs. */
  readonly queueUs: number;
  /** Time of the batch inside the engine; the sum, where the request was split. */
  readonly inferUs: number;
}

/** A batch that ran. */
export interface RunOutcome {
  readonly outputs: readonly BatchOutput[];
  /** The outputs by rows; undefined where the request ran alone, whole. */
  readonly cut: OutputRows | undefined;
  /** Rows that the engine was given. */
  readonly rows: number;
}

/** Where the queue's policies put a request. */
export interface QueuePlace {
  readonly level: number;
  readonly timeoutUs: number;
}

/** A request on its way through the batcher, and its answer as it comes together. */
export class PendingRequest implements Queued {
  readonly rows: number;
  readonly bucket: string;
  readonly level: number;
  readonly deadlineMs: number;
  readonly timeoutMs: number;
  readonly isCancellable: boolean;
  readonly request: AdmittedRequest;
  readonly answer: Promise<InferAnswer>;
  readonly arrivedMs: number;
  /** Runs that ended their runner. */
  crashes = 0;
  inputUs = 0;
  inferUs = 0;
  outputUs = 0;
  readonly #limits: InferLimits;
  #resolve!: (answer: InferAnswer) => void;
  #reject!: (error: unknown) => void;
  #queuedUntilMs = Infinity;
  #settled = false;
  #answeredRows = 0;
  #batchRows = 0;
  #outputs: readonly BatchOutput[] = [];
  #error: unknown;
  #parts: AnswerPart[] | undefined;
  #starts: (RowStarts | undefined)[] | undefined;
  #gone: (() => void) | undefined;

  /** @param units what the queue counts: rows where requests share batches, 1 where each runs alone. */
  constructor(
    request: AdmittedRequest,
    units: number,
    limits: InferLimits,
    { level, timeoutUs }: QueuePlace,
    arrivedMs: number,
  ) {
    this.request = request;
    this.rows = units;
    this.bucket = request.bucket;
    this.level = level;
    this.deadlineMs = limits.deadlineMs;
    this.timeoutMs = arrivedMs + timeoutUs / 1000;
    this.#limits = limits;
    this.isCancellable = limits.isCancelled !== undefined || limits.signal !== undefined;
    this.arrivedMs = arrivedMs;
    this.answer = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
  }

  /** Whether the caller's answer or error is certain. */
  get settled(): boolean {
    return this.#settled;
  }

  get isCancelled(): boolean {
    return this.#limits.isCancelled ?? this.#limits.signal?.aborted === true;
  }

  get queueUs(): number {
    return this.#queuedUntilMs === Infinity ? 0 : (this.#queuedUntilMs - this.arrivedMs) * 1000;
  }

  /** Offset of a row's first byte in an input; of its end for the row after the last. */
  byteAt(input: number, datatype: Datatype, row: number): number {
    const raw = this.request.inputs[input] as Uint8Array;
    if (row === 0) return 0;
    if (row === this.rows) return raw.length;
    if (datatype !== 'BYTES') return (raw.length / this.rows) * row;
    this.#starts ??= [];
    const starts = (this.#starts[input] ??= RowStarts.of(datatype, this.request.shapes[input] ?? [], raw));
    if (starts !== undefined) return starts.at(row);
    throw errors.BYTE_LENGTH_MISMATCH(`input ${input} does not hold the elements of its shape`);
  }

  /**
   * Takes this request's rows out of a batch.
   * @throws ServiceError OUTPUT_ROWS_MISMATCH where rows that were answered in different batches do not fit together.
   */
  take(slice: Slice<PendingRequest>, { outputs, cut, rows }: RunOutcome): void {
    const own = this.request.outputs.map((index) =>
      cut === undefined ? (outputs[index] as BatchOutput) : cut.cut(index, slice.atRow, slice.rows),
    );
    this.#answeredRows += slice.rows;
    this.#batchRows = Math.max(this.#batchRows, rows);
    if (slice.rows === this.rows) {
      this.#outputs = own;
      return;
    }
    this.#parts ??= [];
    this.#parts.push({ fromRow: slice.fromRow, outputs: own });
    if (this.complete) this.#outputs = joinParts(this.#parts, this.rows);
  }

  /** Whether every row is there. */
  get complete(): boolean {
    return this.#answeredRows === this.rows;
  }

  /** A run with rows of it was sealed at `queuedUntilMs`, put off by its wait for the run before. */
  began(queuedUntilMs: number): void {
    this.#queuedUntilMs = Math.min(this.#queuedUntilMs, queuedUntilMs);
  }

  /** Counts the times of a batch that it was in. */
  charge({ inputUs, inferUs, outputUs }: BatchTimes): void {
    this.inputUs += inputUs;
    this.inferUs += inferUs;
    this.outputUs += outputUs;
  }

  /** Has `gone` called when the caller goes away before the answer is certain. */
  watch(gone: () => void): void {
    this.#unwatch();
    const { signal } = this.#limits;
    if (signal === undefined) return;
    signal.addEventListener('abort', gone, { once: true });
    this.#gone = gone;
  }

  #unwatch(): void {
    if (this.#gone !== undefined) this.#limits.signal?.removeEventListener('abort', this.#gone);
    this.#gone = undefined;
  }

  /** From here on the answer is certain. */
  settle(error: unknown): void {
    this.#settled = true;
    this.#error = error;
    this.#unwatch();
  }

  /** Gives the caller the answer, or the error. */
  deliver(): void {
    if (this.#error !== undefined) {
      this.#reject(this.#error);
      return;
    }
    this.#resolve({
      outputs: this.#outputs,
      batchRows: this.#batchRows,
      queueUs: Math.round(this.queueUs),
      inferUs: this.inferUs,
    });
  }
}
