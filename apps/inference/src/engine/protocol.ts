import type { Device } from '../domain/runners/devices.ts';
import type { BatchOutput, ModelFile, Region } from '../domain/runners/runner.ts';
import type { ModelSignature } from '../domain/signature.ts';
import type { ToldTimes } from './run-times.ts';

/** How a model's session is made. */
export interface SessionOptions {
  readonly device: Device;
  /** Threads of one run inside the engine. */
  readonly intraOpThreads: number;
}

/** What a runner is told, in a thread or in a process. ArrayBuffers are handed over: exactly one side holds them. */
export type ToRunner =
  | {
      readonly kind: 'open';
      readonly model: ModelFile;
      readonly limits: ScanLimits;
      readonly session: SessionOptions;
      /** Whether the process that the runner is in may be ended by it. */
      readonly confined: boolean;
      /** Why no model is opened here now: then the answer is only whether it is misplaced. */
      readonly exhausted?: string | undefined;
    }
  | {
      readonly kind: 'run';
      readonly id: number;
      readonly buffer: ArrayBuffer;
      readonly inputs: readonly Region[];
      readonly outputs: readonly (Region | undefined)[];
    }
  /** Let the model go, and be there for another. */
  | { readonly kind: 'close' }
  /** Let the model go and end. */
  | { readonly kind: 'end' };

export interface ScanLimits {
  /** Most nodes over all graphs and functions. */
  readonly maxNodes: number;
}

/** Why a model was not opened: reasons of the service's catalogue. */
export const OPEN_REFUSALS = [
  'ARTIFACT_CORRUPT',
  'ARTIFACT_MISSING',
  'MODEL_UNSAFE',
  'MODEL_UNSUPPORTED',
  'MODEL_INVALID',
  'RUNNERS_EXHAUSTED',
] as const;

export type OpenRefusal = (typeof OPEN_REFUSALS)[number];

/** What a runner tells. */
export type FromRunner =
  | {
      readonly kind: 'opened';
      readonly signature: ModelSignature;
      /** What opening the model added to the memory of the runner's process. */
      readonly memoryBytes: number;
    }
  | { readonly kind: 'refused'; readonly reason: OpenRefusal; readonly detail: string }
  /** The model may end the process and must have one of its own. */
  | { readonly kind: 'misplaced'; readonly detail: string }
  | ({
      readonly kind: 'ran';
      readonly id: number;
      /** In the order of the signature. */
      readonly outputs: readonly BatchOutput[];
    } & ToldTimes)
  | { readonly kind: 'failed'; readonly id: number; readonly detail: string }
  | { readonly kind: 'closed' };

export type OpenRequest = Extract<ToRunner, { kind: 'open' }>;
export type RunRequest = Extract<ToRunner, { kind: 'run' }>;
export type Refused = Extract<FromRunner, { kind: 'refused' }>;
export type Opened = Extract<FromRunner, { kind: 'opened' }>;
