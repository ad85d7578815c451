import { integers, type GraphBuilder } from './graph-builder.ts';

export interface Convolution {
  /** Channels that it takes. */
  readonly channels: number;
  readonly filters: number;
  /** The side of its square kernel, odd. */
  readonly kernel: number;
  readonly stride: number;
  /** Standard deviation of what it makes, over that of what it takes; default 1. */
  readonly gain?: number;
}

/** Adds a convolution with random weights and biases over `input` [N, channels, H, W], padded so that only the stride makes it smaller. */
export function convolution(
  graph: GraphBuilder,
  input: string,
  { channels, filters, kernel, stride, gain = 1 }: Convolution,
): string {
  const pad = (kernel - 1) / 2;
  const scale = gain * Math.sqrt(3 / (channels * kernel * kernel));
  const kernels = graph.weights([filters, channels, kernel, kernel], scale);
  const inputs = [input, kernels, graph.weights([filters], 0.1)];
  const attribute = [integers('strides', [stride, stride]), integers('pads', [pad, pad, pad, pad])];
  return graph.apply('Conv', inputs, attribute);
}
