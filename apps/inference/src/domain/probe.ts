import { copyInto, layOutBatch } from './batch-buffer.ts';
import type { BatchOutput, Runner } from './runner.ts';
import { hasRows } from './signature.ts';

/** Inputs of one run made outside the batcher, in the order of the signature. */
export interface ProbeInputs {
  readonly shapes: readonly (readonly number[])[];
  readonly raw: readonly Uint8Array[];
}

/** Runs the inputs as they are, as one batch. */
export async function probe(runner: Runner, inputs: ProbeInputs): Promise<readonly BatchOutput[]> {
  const rows = hasRows(runner.signature) ? inputs.shapes[0]?.[0] : undefined;
  const textBytes = inputs.raw.map(({ length }) => length);
  const batch = layOutBatch(runner.signature, inputs.shapes, textBytes, rows);
  const target = new Uint8Array(batch.buffer);
  inputs.raw.forEach((raw, index) => {
    copyInto(target, raw, 0, raw.length, batch.inputs[index]?.offsetBytes ?? 0);
  });
  return (await runner.run(batch)).outputs;
}
