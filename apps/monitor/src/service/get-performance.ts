import type { MessageInitShape } from '@bufbuild/protobuf';
import type { GetPerformanceRequest, GetPerformanceResponseSchema } from '@plumbline/contract-monitor';
import { requireTenant, type CallContext } from '@plumbline/rpc';
import { measurePerformance, type PerformanceStore } from '../domain/measure-performance.ts';
import type { Versions } from '../domain/monitored-version.ts';
import { metricMessage } from '../messages/metric-message.ts';

const END_OF_TIME_US = 2n ** 63n - 1n;

export async function handleGetPerformance(
  store: PerformanceStore,
  versions: Versions,
  request: GetPerformanceRequest,
  context: CallContext,
): Promise<MessageInitShape<typeof GetPerformanceResponseSchema>> {
  const quality = await measurePerformance(store, versions, requireTenant(context), {
    model: request.model,
    digest: request.modelDigest || undefined,
    variant: request.variant || undefined,
    fromUs: request.fromUs,
    toUs: request.toUs === 0n ? END_OF_TIME_US : request.toUs,
  });
  return {
    predictions: BigInt(quality.predictions),
    labelled: BigInt(quality.labelled),
    positives: BigInt(quality.positives),
    live: quality.live.map(metricMessage),
    offline: quality.offline.map(metricMessage),
    calibration: quality.calibration.map((bin) => ({ ...bin, n: BigInt(bin.n) })),
    medianLabelDelayUs: quality.medianDelayUs,
  };
}
