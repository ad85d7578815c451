/** A thread with its JavaScript heap and the engine's session around a model, measured with models of a few bytes. */
const THREAD_BYTES = 24 * 2 ** 20;
/** The engine holds the weights once, and some again where it packs them for its kernels. */
const WEIGHT_COPIES = 1.25;

/** Of the estimate: what the process grew by beyond that was taken by others at the same time. */
const MAX_GROWTH = 3;

/**
 * What a model on a thread of this process takes: no less than follows from its size, because memory that others gave
 * back may hide what it took, and no less than the process grew by while it was opened, up to three
 * times the estimate, because the process grows by its neighbours' loads and requests as well.
 */
export function memoryEstimate(modelBytes: number, grownBytes: number): number {
  const estimate = THREAD_BYTES + Math.ceil(WEIGHT_COPIES * modelBytes);
  return Math.max(estimate, Math.min(grownBytes, MAX_GROWTH * estimate));
}
