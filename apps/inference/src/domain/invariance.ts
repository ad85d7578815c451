import { elementCount, elementSizeBytes, type Datatype } from '@plumbline/tensors';
import { checkBatchBytes } from './batch-buffer.ts';
import { largestDifference, sameBits } from './differences.ts';
import { goldenInputs, type GoldenSet } from './golden.ts';
import { probe, type ProbeInputs } from './probe.ts';
import { RunFailed, type BatchOutput, type Runner } from './runner.ts';
import { hasRows, type ModelSignature, type TensorSpec } from './signature.ts';

/** Whether a row's answer depends on the rows it is batched with, as found by test. */
export type Invariance =
  | { readonly class: 'INVARIANT'; readonly rows?: number }
  | { readonly class: 'VARIANT'; readonly largestDifference: number; readonly rows?: number }
  /** The model has no rows, or no test row is known that it accepts. */
  | { readonly class: 'UNTESTED' };

/** Distinct rows that are compared; more add run time at load and little certainty. */
const TEST_ROWS = 16;
/** Kernels change their ways at small sizes, at vector widths and at their blocking factors. */
const BATCH_SIZES = [2, 3, 8, 17, 33] as const;

/**
 * Runs each test row alone, then in batches of several sizes and at several positions, and compares bits. Test rows
 * are those of the golden set, else made up. This also warms the runner up at all those sizes.
 */
export async function classifyInvariance(
  runner: Runner,
  golden: GoldenSet | undefined,
  maxBatchRows: number,
): Promise<Invariance> {
  const rows = hasRows(runner.signature) ? testRows(runner.signature, golden, maxBatchRows) : undefined;
  if (rows === undefined) return { class: 'UNTESTED' };
  try {
    const alone: (readonly BatchOutput[])[] = [];
    for (const row of rows) alone.push(await probe(runner, joinRows([row])));
    let largest = 0;
    for (const [round, size] of [...BATCH_SIZES, maxBatchRows].entries()) {
      const members = Array.from(
        { length: Math.min(size, maxBatchRows) },
        (_, at) => (at + round * 5) % rows.length,
      );
      const together = await probe(runner, joinRows(members.map((member) => rows[member] as ProbeInputs)));
      for (const [at, member] of members.entries()) {
        largest = Math.max(
          largest,
          rowDifference(runner.signature, alone[member] ?? [], together, at, members.length),
        );
      }
    }
    return largest === 0 ? { class: 'INVARIANT' } : { class: 'VARIANT', largestDifference: largest };
  } catch (error) {
    // Made-up rows may lie outside what the model accepts, and a model may mix rows; golden rows were checked before.
    if (error instanceof RunFailed) return { class: 'UNTESTED' };
    throw error;
  }
}

function rowDifference(
  signature: ModelSignature,
  alone: readonly BatchOutput[],
  together: readonly BatchOutput[],
  at: number,
  rows: number,
): number {
  return signature.outputs.reduce((largest, { datatype }, index) => {
    const one = alone[index];
    const many = together[index];
    if (one?.shape[0] !== 1 || many?.shape[0] !== rows) return Infinity;
    const rowBytes = many.raw.length / rows;
    const row = many.raw.subarray(at * rowBytes, (at + 1) * rowBytes);
    // Zeros of either sign differ by 0 but not in bits: still not the same answer.
    return sameBits(row, one.raw)
      ? largest
      : Math.max(largest, largestDifference(datatype, row, one.raw), Number.MIN_VALUE);
  }, 0);
}

function testRows(
  signature: ModelSignature,
  golden: GoldenSet | undefined,
  maxBatchRows: number,
): ProbeInputs[] | undefined {
  const known = (golden?.cases ?? []).flatMap(({ inputs }, index) =>
    splitRows(goldenInputs(signature, inputs, index)),
  );
  const first = known[0];
  if (first === undefined) return madeUpRows(signature, maxBatchRows);
  const shapes = JSON.stringify(first.shapes);
  return known.filter((row) => JSON.stringify(row.shapes) === shapes).slice(0, TEST_ROWS);
}

function splitRows({ shapes, raw }: ProbeInputs): ProbeInputs[] {
  const rows = shapes[0]?.[0] ?? 0;
  return Array.from({ length: rows }, (_, row) => ({
    shapes: shapes.map((shape) => [1, ...shape.slice(1)]),
    raw: raw.map((bytes) => bytes.subarray((row * bytes.length) / rows, ((row + 1) * bytes.length) / rows)),
  }));
}

function joinRows(rows: readonly ProbeInputs[]): ProbeInputs {
  const [first] = rows;
  return {
    shapes: (first?.shapes ?? []).map((shape) => [rows.length, ...shape.slice(1)]),
    raw: (first?.raw ?? []).map((_, index) => Buffer.concat(rows.map(({ raw }) => raw[index] as Uint8Array))),
  };
}

/** Rows of small numbers, the same at every load; undefined where a dimension besides the first is open. */
function madeUpRows({ inputs }: ModelSignature, maxBatchRows: number): ProbeInputs[] | undefined {
  if (inputs.some(({ shape }) => shape.slice(1).includes(-1))) return undefined;
  const elements = ({ shape }: TensorSpec) => elementCount([1, ...shape.slice(1)]);
  const rowBytes = inputs.reduce((sum, spec) => sum + elements(spec) * elementSizeBytes(spec.datatype), 0);
  checkBatchBytes(rowBytes * Math.max(maxBatchRows, TEST_ROWS));
  let state = 0x9e3779b9;
  const next = () => {
    state = Math.imul(state ^ (state >>> 15), 0x2c1b3c6d) + 0x6d2b79f5;
    return (state >>> 0) / 2 ** 32;
  };
  return Array.from({ length: TEST_ROWS }, () => ({
    shapes: inputs.map(({ shape }) => [1, ...shape.slice(1)]),
    raw: inputs.map((spec) => madeUp(spec.datatype, elements(spec), next)),
  }));
}

function madeUp(datatype: Datatype, count: number, next: () => number): Uint8Array {
  const size = elementSizeBytes(datatype);
  const raw = new Uint8Array(count * size);
  const view = new DataView(raw.buffer);
  for (let index = 0; index < count; index++) {
    const value = next() * 4 - 2;
    if (datatype === 'FP32') view.setFloat32(index * 4, value, true);
    else if (datatype === 'FP64') view.setFloat64(index * 8, value, true);
    else if (datatype === 'FP16') view.setFloat16(index * 2, value, true);
    // Integers and booleans: 0 or 1, which index even the smallest table.
    else view.setUint8(index * size, value < 0 ? 0 : 1);
  }
  return raw;
}
