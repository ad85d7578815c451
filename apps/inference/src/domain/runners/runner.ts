import type { Shape } from '@plumbline/tensors';
import type { Device } from './devices.ts';
import type { ModelSignature } from '../signature.ts';
import type { Owner } from '../traffic.ts';

/** A tensor's place in a batch buffer, at a multiple of 64 bytes. */
export interface Region {
  readonly offsetBytes: number;
  readonly sizeBytes: number;
  readonly shape: Shape;
}

/** One run: inputs, and room for the outputs whose shapes are known beforehand, in one buffer. */
export interface Batch {
  /** Handed over with the run: the caller loses it, for good where no output of the result is a view of it. */
  readonly buffer: ArrayBuffer;
  /** In the order of the signature. */
  readonly inputs: readonly Region[];
  /**
   * In the order of the signature; undefined where the size is not known beforehand: a dimension besides the first is
   * open, or the elements are BYTES.
   */
  readonly outputs: readonly (Region | undefined)[];
}

export interface BatchOutput {
  readonly shape: Shape;
  /** A view, of a buffer that outputs of this run alone share. */
  readonly raw: Uint8Array;
}

/** What a runner is opened with besides its model. */
export interface RunnerOptions {
  readonly device: Device;
  /** Threads of one run inside the engine. */
  readonly intraOpThreads: number;
  /** Runs in a process of its own, which may crash and be killed. */
  readonly untrusted: boolean;
  /** Whose model it is, for those who are told of the runner. */
  readonly owners?: readonly Owner[];
}

/** An execution provider as a probe session found it. */
export interface ProviderReport {
  readonly device: Device;
  readonly available: boolean;
  /** Why it is not. */
  readonly detail: string;
  /** The same with all that the engine's libraries said of it, for the log alone. */
  readonly cause?: unknown;
}

export interface BatchResult {
  /** In the order of the signature. */
  readonly outputs: readonly BatchOutput[];
  /** From the hand-over until the runner took the run up: the way there, and the wait behind the run before. */
  readonly waitedUs: number;
  /** From then on until the engine had its inputs. */
  readonly inputUs: number;
  /** Time inside the engine. */
  readonly inferUs: number;
}

/** One copy of a model on one device. Takes runs in order, also while one is under way; BYTES are in the protocol's raw form. */
export interface Runner {
  readonly signature: ModelSignature;
  readonly device: Device;
  /** What opening the model added to the host's memory, as measured or, within this process, estimated. */
  readonly memoryBytes: number;
  /**
   * Rejects with RunFailed where the engine refused the batch, and with RunnerLost where the runner ended; then
   * every later call rejects alike.
   */
  run(batch: Batch): Promise<BatchResult>;
  /** Gives the runner up with what it has under way, which rejects with RunnerLost. Waits for nothing. Idempotent. */
  abandon(): void;
  /** Lets the run under way finish, then gives everything back; at once after `abandon`. Idempotent. */
  close(): Promise<void>;
}

/** A local file, read and hashed where it is opened, never by the thread that serves. */
export interface VerifiedFile {
  readonly path: string;
  /** "sha256:…" of the whole file. */
  readonly digest: string;
}

/** A model, and the other files of its version, in which its data may lie. */
export interface ModelFile extends VerifiedFile {
  /** What refusals call it. */
  readonly name?: string;
  readonly beside?: readonly FileBeside[];
}

export interface FileBeside extends VerifiedFile {
  /** As a model names it: relative to its own file, segments joined by slashes. */
  readonly name: string;
}

/** Makes runners of models: the seam behind which threads, processes and devices differ. */
export interface Engine {
  /** The execution providers asked for, in the order of preference, each probed with a real session. */
  readonly providers: readonly ProviderReport[];
  /** Runners that were abandoned and have not ended since. */
  readonly abandoned: number;
  /**
   * Rejects with a ServiceError ARTIFACT_CORRUPT, ARTIFACT_MISSING, MODEL_UNSAFE, MODEL_UNSUPPORTED, MODEL_INVALID or RUNNERS_EXHAUSTED.
   * When the signal fires before, it rejects with its reason and abandons the runner.
   */
  open(model: ModelFile, options: RunnerOptions, signal: AbortSignal): Promise<Runner>;
}

/** The engine refused this batch; the runner lives on. */
export class RunFailed extends Error {
  override readonly name = 'RunFailed';
}

/** The runner ended or was abandoned, during or before the run. */
export class RunnerLost extends Error {
  override readonly name: string = 'RunnerLost';
}

/** The run did not come back in time, and its runner was abandoned. */
export class RunTimedOut extends RunnerLost {
  override readonly name = 'RunTimedOut';
}
