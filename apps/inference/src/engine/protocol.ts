import type { Shape } from '@plumbline/tensors';
import type { Device } from '../domain/model-settings.ts';
import type { ModelFile, Region } from '../domain/runner.ts';
import type { ModelSignature } from '../domain/signature.ts';

/** How a model's session is made. */
export interface SessionOptions {
  readonly device: Device;
  /** Threads of one run inside the engine. */
  readonly intraOpThreads: number;
}

/** What a runner is told, in a thread or in a process. ArrayBuffers are handed over: exactly one side holds them. */
export type ToThread =
  | {
      readonly kind: 'open';
      readonly model: ModelFile;
      readonly limits: ScanLimits;
      readonly session: SessionOptions;
    }
  | {
      readonly kind: 'run';
      readonly id: number;
      readonly buffer: ArrayBuffer;
      readonly inputs: readonly Region[];
      readonly outputs: readonly (Region | undefined)[];
    }
  | { readonly kind: 'close' };

export interface ScanLimits {
  /** Most nodes over all graphs and functions. */
  readonly maxNodes: number;
}

/** Why a model was not opened: a reason of the service's catalogue. */
export type OpenRefusal = 'ARTIFACT_CORRUPT' | 'MODEL_UNSAFE' | 'MODEL_UNSUPPORTED' | 'MODEL_INVALID';

/** What a runner thread tells. */
export type FromThread =
  | { readonly kind: 'opened'; readonly signature: ModelSignature }
  | { readonly kind: 'refused'; readonly reason: OpenRefusal; readonly detail: string }
  | {
      readonly kind: 'ran';
      readonly id: number;
      readonly buffer: ArrayBuffer;
      readonly outputs: readonly ThreadOutput[];
      readonly inferUs: number;
    }
  | { readonly kind: 'failed'; readonly id: number; readonly detail: string };

/** An output in the batch's own buffer, or in one made for it where its shape was open. */
export interface ThreadOutput {
  readonly shape: Shape;
  readonly own: ArrayBuffer | undefined;
}
