import type { MessageInitShape } from '@bufbuild/protobuf';
import type { Metric, MetricSchema, ObjectRef, ObjectRefSchema } from '@plumbline/contract-common';
import type { ManifestFile, Measurement } from '@plumbline/release';

export function measurementOf({ name, value, lower, upper, confidence, n, slice }: Metric): Measurement {
  return { name, value, lower, upper, confidence, slice, examples: Number(n) };
}

export function metricOf({ examples, ...measured }: Measurement): MessageInitShape<typeof MetricSchema> {
  return { ...measured, n: BigInt(examples) };
}

export function fileOf({ path, digest, sizeBytes }: ObjectRef): ManifestFile {
  return { path, digest, sizeBytes };
}

export function objectRefOf({
  path,
  digest,
  sizeBytes,
}: ManifestFile): MessageInitShape<typeof ObjectRefSchema> {
  return { path, digest, sizeBytes };
}
