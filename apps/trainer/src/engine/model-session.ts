import type { InferenceSession } from 'onnxruntime-node';
import ort from 'onnxruntime-node';
import type { LabelledMatrix } from '../domain/boosting/matrix.ts';
import { EngineFailure } from './engine-failure.ts';

/** An input and the matrix column that fills it. */
export interface BoundInput {
  readonly name: string;
  readonly datatype: string;
  readonly column: number;
}

/** How elements of a datatype are made from the matrix's float32 values. */
const ENCODERS: Readonly<Record<string, (values: Float32Array) => [ort.Tensor.Type, ort.Tensor.DataType]>> = {
  FP32: (values) => ['float32', values],
  FP64: (values) => ['float64', Float64Array.from(values)],
  INT64: (values) => ['int64', BigInt64Array.from(values, (value) => BigInt(Math.trunc(value)))],
};
const BATCH_ROWS = 8192;

/** A model in ONNX Runtime, with one thread: the same row gives the same score in every batch. */
export class ModelSession {
  readonly #session: InferenceSession;
  readonly #inputs: readonly BoundInput[];
  readonly #output: string;

  private constructor(session: InferenceSession, inputs: readonly BoundInput[], output: string) {
    this.#session = session;
    this.#inputs = inputs;
    this.#output = output;
  }

  /** Throws EngineFailure VERSION_UNUSABLE. `model` is a file or its bytes. */
  static async open(
    model: string | Uint8Array,
    inputs: readonly BoundInput[],
    output: string,
  ): Promise<ModelSession> {
    const options = { intraOpNumThreads: 1, interOpNumThreads: 1, logSeverityLevel: 4 } as const;
    try {
      const opening =
        typeof model === 'string'
          ? ort.InferenceSession.create(model, options)
          : ort.InferenceSession.create(model, options);
      return new ModelSession(await opening, inputs, output);
    } catch (error) {
      throw new EngineFailure('VERSION_UNUSABLE', `the model cannot be opened: ${(error as Error).message}`, {
        cause: error,
      });
    }
  }

  /** The score of every row: the first value per row of the output. */
  async score(
    matrix: LabelledMatrix,
    onProgress: (share: number) => void = () => undefined,
  ): Promise<Float32Array> {
    const scores = new Float32Array(matrix.rowCount);
    for (let from = 0; from < matrix.rowCount; from += BATCH_ROWS) {
      const to = Math.min(matrix.rowCount, from + BATCH_ROWS);
      const rows = Uint32Array.from({ length: to - from }, (_, index) => from + index);
      scores.set(await this.scoreRows(matrix, rows), from);
      onProgress(to / matrix.rowCount);
    }
    return scores;
  }

  /** Scores of the rows named. Throws EngineFailure VERSION_UNUSABLE. */
  async scoreRows(matrix: LabelledMatrix, rows: Uint32Array): Promise<Float32Array> {
    const feeds = Object.fromEntries(
      this.#inputs.map((input) => [input.name, tensorOf(input, matrix, rows)]),
    );
    const results = await this.#run(feeds);
    const output = results[this.#output];
    if (!(output?.data instanceof Float32Array) || output.data.length !== rows.length) {
      throw new EngineFailure('VERSION_UNUSABLE', `the output "${this.#output}" is not one float32 per row`);
    }
    return output.data;
  }

  async close(): Promise<void> {
    await this.#session.release();
  }

  async #run(feeds: Record<string, ort.Tensor>): Promise<InferenceSession.OnnxValueMapType> {
    try {
      return await this.#session.run(feeds, [this.#output]);
    } catch (error) {
      throw new EngineFailure('VERSION_UNUSABLE', `the model cannot be run: ${(error as Error).message}`, {
        cause: error,
      });
    }
  }
}

/** Values of one column, in the order of `rows`. */
export function gatherColumn(matrix: LabelledMatrix, column: number, rows: Uint32Array): Float32Array {
  const width = matrix.columns.length;
  return Float32Array.from(rows, (row) => matrix.values[row * width + column]!);
}

function tensorOf(
  { name, datatype, column }: BoundInput,
  matrix: LabelledMatrix,
  rows: Uint32Array,
): ort.Tensor {
  const encode = ENCODERS[datatype];
  if (!encode) throw new EngineFailure('VERSION_UNUSABLE', `input "${name}" has the datatype ${datatype}`);
  const values = gatherColumn(matrix, column, rows);
  if (datatype === 'INT64' && values.includes(Number.NaN)) {
    throw new EngineFailure('VERSION_UNUSABLE', `input "${name}" is NULL in some row, and INT64 has no NaN`);
  }
  const [type, data] = encode(values);
  return new ort.Tensor(type, data, [rows.length, 1]);
}
