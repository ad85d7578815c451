import type { Measurement } from '../bench.ts';
import { batching } from './batching.ts';
import { eventLoop } from './event-loop.ts';
import { gpuModelsOnDevices } from './gpu-models.ts';
import { hotSwaps } from './hot-swaps.ts';
import { largeModel } from './large-model.ts';
import { largeLatency, smallLatency } from './latency.ts';
import { loadCycles } from './load-cycles.ts';
import { otherModels } from './other-models.ts';
import { smallModel } from './small-model.ts';

/** All of them, in the order that they are made in. */
export const measurements: readonly Measurement[] = [
  smallModel,
  largeModel,
  batching,
  otherModels,
  smallLatency,
  largeLatency,
  eventLoop,
  hotSwaps,
  loadCycles,
  gpuModelsOnDevices,
];
