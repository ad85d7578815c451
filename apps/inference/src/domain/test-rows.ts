import { elementCount, elementSizeBytes, encodeBytesElements, type Datatype } from '@plumbline/tensors';
import { checkBatchBytes } from './batch-buffer.ts';
import { goldenInputs, type GoldenSet } from './golden.ts';
import type { ProbeInputs } from './probe.ts';
import { RowStarts } from './row-starts.ts';
import type { ModelSignature, TensorSpec } from './signature.ts';

/** Distinct rows that are compared; more add run time at load and little certainty. */
const TEST_ROWS = 16;
/** Texts that are categories as well as numbers, of several lengths. */
const TEXTS = ['0', '1', '2', '17', '365', '1024', '86400', '-1'].map((text) => Buffer.from(text));

/** The rows of the golden set that have the shapes of its first; at most 16. */
export function goldenRows(signature: ModelSignature, golden: GoldenSet | undefined): ProbeInputs[] {
  const rows = (golden?.cases ?? []).flatMap(({ inputs }, index) =>
    splitRows(signature, goldenInputs(signature, inputs, index)),
  );
  const shapes = JSON.stringify(rows[0]?.shapes);
  return rows.filter((row) => JSON.stringify(row.shapes) === shapes).slice(0, TEST_ROWS);
}

/**
 * Rows of small numbers and texts, the same at every load. Empty where a dimension besides the first is open and no
 * known row says how wide it is.
 * @param maxRows that are run at once.
 * @throws ServiceError BATCH_TOO_LARGE.
 */
export function madeUpRows(
  { inputs }: ModelSignature,
  known: ProbeInputs | undefined,
  maxRows: number,
): ProbeInputs[] {
  const shapes = known?.shapes ?? inputs.map(({ shape }) => [1, ...shape.slice(1)]);
  if (shapes.some((shape) => shape.includes(-1))) return [];
  const sizes = inputs.map(({ datatype }, index) => elementCount(shapes[index] ?? []) * minBytes(datatype));
  checkBatchBytes(sizes.reduce((sum, size) => sum + size, 0) * Math.max(maxRows, TEST_ROWS));
  const next = numbers();
  return Array.from({ length: TEST_ROWS }, () => ({
    shapes,
    raw: inputs.map((spec, index) => madeUp(spec, elementCount(shapes[index] ?? []), next)),
  }));
}

/** One batch of these rows, which have equal shapes. */
export function joinRows(rows: readonly ProbeInputs[]): ProbeInputs {
  const [first] = rows;
  return {
    shapes: (first?.shapes ?? []).map((shape) => [rows.length, ...shape.slice(1)]),
    raw: (first?.raw ?? []).map((_, index) => Buffer.concat(rows.map(({ raw }) => raw[index] as Uint8Array))),
  };
}

function splitRows({ inputs }: ModelSignature, { shapes, raw }: ProbeInputs): ProbeInputs[] {
  const starts = inputs.map(({ datatype }, index) =>
    RowStarts.of(datatype, shapes[index] ?? [], raw[index] as Uint8Array),
  );
  return Array.from({ length: shapes[0]?.[0] ?? 0 }, (_, row) => ({
    shapes: shapes.map((shape) => [1, ...shape.slice(1)]),
    raw: raw.map((bytes, index) => bytes.subarray(starts[index]?.at(row), starts[index]?.at(row + 1))),
  }));
}

/** Numbers in [0, 1). */
function numbers(): () => number {
  let state = 0x9e3779b9;
  return () => {
    state = Math.imul(state ^ (state >>> 15), 0x2c1b3c6d) + 0x6d2b79f5;
    return (state >>> 0) / 2 ** 32;
  };
}

function minBytes(datatype: Datatype): number {
  return datatype === 'BYTES' ? 4 : elementSizeBytes(datatype);
}

function madeUp({ datatype }: TensorSpec, count: number, next: () => number): Uint8Array {
  if (datatype === 'BYTES') {
    return encodeBytesElements(
      Array.from({ length: count }, () => TEXTS[Math.floor(next() * TEXTS.length)] as Buffer),
    );
  }
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
