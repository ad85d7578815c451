import { setImmediate as nextTurn } from 'node:timers/promises';
import { checkBatchBytes } from '../runners/batch-buffer.ts';
import { goldenInputs, type GoldenSet } from './golden.ts';
import { TEST_ROWS } from './made-up-inputs.ts';
import { TURN_BYTES, type ProbeInputs } from '../runners/probe.ts';
import { RowStarts } from '../row-starts.ts';
import type { ModelSignature } from '../signature.ts';

/** The rows of the golden set that have the shapes of its first; at most 16. */
export function goldenRows(signature: ModelSignature, golden: GoldenSet | undefined): ProbeInputs[] {
  const rows = (golden?.cases ?? []).flatMap(({ inputs }, index) =>
    splitRows(signature, goldenInputs(signature, inputs, true, index)),
  );
  const shapes = JSON.stringify(rows[0]?.shapes);
  return rows.filter((row) => JSON.stringify(row.shapes) === shapes).slice(0, TEST_ROWS);
}

/**
 * One batch of these rows, which have equal shapes, gathered over as many turns of the loop as its size asks for.
 * @throws ServiceError BATCH_TOO_LARGE.
 */
export async function joinRows(rows: readonly ProbeInputs[]): Promise<ProbeInputs> {
  const [first] = rows;
  const raw: Uint8Array[] = [];
  for (const index of (first?.raw ?? []).keys()) {
    raw.push(await concatenate(rows.map((row) => row.raw[index] as Uint8Array)));
  }
  return { shapes: (first?.shapes ?? []).map((shape) => [rows.length, ...shape.slice(1)]), raw };
}

async function concatenate(pieces: readonly Uint8Array[]): Promise<Uint8Array> {
  const sizeBytes = pieces.reduce((sum, { length }) => sum + length, 0);
  checkBatchBytes(sizeBytes);
  const joined = new Uint8Array(sizeBytes);
  let at = 0;
  let turnBytes = 0;
  for (const piece of pieces) {
    if (turnBytes > TURN_BYTES) {
      await nextTurn();
      turnBytes = 0;
    }
    joined.set(piece, at);
    at += piece.length;
    turnBytes += piece.length;
  }
  return joined;
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
