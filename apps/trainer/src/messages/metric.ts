import type { MessageInitShape } from '@bufbuild/protobuf';
import type { MetricSchema } from '@plumbline/contract-common';
import type { Metric } from '../domain/evaluation/measure.ts';

/** Measured on all examples. */
export function metricMessage({ n, ...metric }: Metric): MessageInitShape<typeof MetricSchema> {
  return { ...metric, n: BigInt(n), slice: 'all' };
}
