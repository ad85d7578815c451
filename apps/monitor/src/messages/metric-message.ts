import type { MessageInitShape } from '@bufbuild/protobuf';
import type { Metric, MetricSchema } from '@plumbline/contract-common';
import type { NamedEstimate } from '../domain/measure-performance.ts';
import type { OfflineMetric } from '../domain/monitored-version.ts';

export function metricMessage(metric: NamedEstimate | OfflineMetric): MessageInitShape<typeof MetricSchema> {
  const { name, value, lower, upper, confidence } = metric;
  const slice = 'slice' in metric ? metric.slice : 'all';
  return { name, value, lower, upper, confidence, n: BigInt(metric.n), slice };
}

export function offlineMetric({ name, value, lower, upper, confidence, n, slice }: Metric): OfflineMetric {
  return { name, value, lower, upper, confidence, n, slice };
}
