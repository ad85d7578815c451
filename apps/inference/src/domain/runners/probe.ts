import { setImmediate as nextTurn } from 'node:timers/promises';
import { copyInto, layOutBatch } from './batch-buffer.ts';
import type { BatchOutput, Runner } from './runner.ts';
import { hasRows } from '../signature.ts';

/** Copied in one turn of the loop, about a millisecond: the thread serves other models meanwhile. */
export const TURN_BYTES = 4 * 2 ** 20;

/** Inputs of one run made outside the batcher, in the order of the signature. */
export interface ProbeInputs {
  readonly shapes: readonly (readonly number[])[];
  readonly raw: readonly Uint8Array[];
}

/**
 * Runs the inputs as they are, as one batch.
 * @param rowed whether the leading dimension of every tensor counts rows.
 */
export async function probe(
  runner: Runner,
  inputs: ProbeInputs,
  rowed = hasRows(runner.signature),
): Promise<readonly BatchOutput[]> {
  const rows = rowed ? inputs.shapes[0]?.[0] : undefined;
  const textBytes = inputs.raw.map(({ length }) => length);
  const batch = layOutBatch(runner.signature, inputs.shapes, textBytes, rows);
  const target = new Uint8Array(batch.buffer);
  for (const [index, raw] of inputs.raw.entries()) {
    const offsetBytes = batch.inputs[index]?.offsetBytes ?? 0;
    for (let at = 0; at < raw.length; at += TURN_BYTES) {
      if (at > 0) await nextTurn();
      copyInto(target, raw, at, Math.min(TURN_BYTES, raw.length - at), offsetBytes + at);
    }
  }
  return (await runner.run(batch)).outputs;
}
