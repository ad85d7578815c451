import type { Device } from '../runners/devices.ts';
import { NO_CONFIG, type ModelConfig } from './model-config.ts';
import { UNBOUNDED, type QueueSettings } from './queue-policy.ts';

/**
 * What happens where a row's answer depends on the rows it is batched with: every request runs alone; batches form all
 * the same; every batch is padded to one size, so that at least the size is always the same; the load is refused.
 */
export type InvariancePolicy =
  | { readonly kind: 'alone' }
  | { readonly kind: 'serve' }
  | { readonly kind: 'pin'; readonly rows: number }
  | { readonly kind: 'refuse' };

/** How a version is served: by its config.pbtxt where it has one, completed by the service's settings. */
export interface ModelSettings {
  /** Most rows of a batch; 0: requests have no batch dimension. */
  readonly maxBatchRows: number;
  /** One entry per runner. */
  readonly devices: readonly Device[];
  /** Threads of one run inside the engine. */
  readonly intraOpThreads: number;
  /** Runs in a process of its own, which may crash and be killed. */
  readonly untrusted: boolean;
  readonly queue: QueueSettings;
  readonly invariance: InvariancePolicy;
  /** Whether answers are remembered. */
  readonly cached: boolean;
  /** Labels of classes by output; the class is the index. */
  readonly labels: ReadonlyMap<string, readonly string[]>;
  /** What the version brought; everything above follows from it. */
  readonly config: ModelConfig;
}

/** The settings of a version that brings none. */
export function defaultSettings(service: {
  readonly maxBatchRows: number;
  readonly runners: number;
  readonly device: Device;
}): ModelSettings {
  return {
    maxBatchRows: service.maxBatchRows,
    devices: Array.from({ length: service.runners }, () => service.device),
    intraOpThreads: 1,
    untrusted: false,
    queue: {
      preferredRows: [],
      maxDelayUs: 0,
      preserveOrdering: false,
      policies: [UNBOUNDED],
      defaultPriority: 1,
    },
    invariance: { kind: 'alone' },
    cached: false,
    labels: new Map(),
    config: NO_CONFIG,
  };
}
