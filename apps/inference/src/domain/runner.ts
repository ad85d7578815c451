import type { Shape } from '@plumbline/tensors';
import type { ModelSignature } from './signature.ts';

/** A tensor's place in a batch buffer, at a multiple of 64 bytes. */
export interface Region {
  readonly offsetBytes: number;
  readonly shape: Shape;
}

/** One run: inputs, and room for the outputs whose shapes are known beforehand, in one buffer. */
export interface Batch {
  /** Handed over with the run: the caller loses it until the result brings it back. */
  readonly buffer: ArrayBuffer;
  /** In the order of the signature. */
  readonly inputs: readonly Region[];
  /** In the order of the signature; undefined where a dimension besides the first is open. */
  readonly outputs: readonly (Region | undefined)[];
}

export interface BatchOutput {
  readonly shape: Shape;
  /** Raw elements; a view of the batch's buffer or of one of its own. */
  readonly raw: Uint8Array;
}

export interface BatchResult {
  /** In the order of the signature. */
  readonly outputs: readonly BatchOutput[];
  /** Time inside the engine. */
  readonly inferUs: number;
}

/** One copy of a model on one device. Runs are taken in order; the next may be handed over while one is under way. */
export interface Runner {
  readonly signature: ModelSignature;
  /**
   * Rejects with RunFailed where the engine refused the batch, and with RunnerLost where the runner ended; then
   * every later call rejects alike.
   */
  run(batch: Batch): Promise<BatchResult>;
  /** Lets the run under way finish, then gives everything back. Idempotent. */
  close(): Promise<void>;
}

/** A local file with a model, read and hashed where it is opened, never by the thread that serves. */
export interface ModelFile {
  readonly path: string;
  /** "sha256:…" of the whole file. */
  readonly digest: string;
}

/** Makes runners of models: the seam behind which threads, processes and devices differ. */
export interface Engine {
  /** Names of the execution providers that a probe session ran on. */
  readonly providers: readonly string[];
  /** Rejects with a ServiceError ARTIFACT_CORRUPT, MODEL_UNSAFE, MODEL_UNSUPPORTED or MODEL_INVALID. */
  open(model: ModelFile): Promise<Runner>;
}

/** The engine refused this batch; the runner lives on. */
export class RunFailed extends Error {
  override readonly name = 'RunFailed';
}

/** The runner ended during or before the run. */
export class RunnerLost extends Error {
  override readonly name = 'RunnerLost';
}
