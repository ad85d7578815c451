import type { BatchOutput } from '../domain/runners/runner.ts';

/** A batch that is so much larger than its outputs does not come back with them. */
const LARGER = 4;
/** Of every output, enough for any element. */
const ALIGNMENT = 8;

/**
 * The outputs in a buffer of their own, where that is much smaller than the batch's, which is then given back at once.
 * On the serving thread it would be garbage: buffers count towards V8's next major collection, and with those of a
 * model of 256 floats per row there were five a second, at a third of all processor time.
 * @param buffer nobody else holds it.
 */
export function leaveBatch(outputs: readonly BatchOutput[], buffer: ArrayBuffer): readonly BatchOutput[] {
  const inBatch = outputs.filter(({ raw }) => raw.buffer === buffer);
  const sizeBytes = inBatch.reduce((sum, { raw }) => sum + aligned(raw.length), 0);
  if (sizeBytes * LARGER > buffer.byteLength) return outputs;
  const target = new Uint8Array(sizeBytes);
  let at = 0;
  const moved = outputs.map((output) => {
    if (output.raw.buffer !== buffer) return output;
    const raw = target.subarray(at, at + output.raw.length);
    raw.set(output.raw);
    at += aligned(raw.length);
    return { ...output, raw };
  });
  buffer.transfer(0);
  return moved;
}

const aligned = (sizeBytes: number): number => Math.ceil(sizeBytes / ALIGNMENT) * ALIGNMENT;
