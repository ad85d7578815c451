import type { FeatureStoreService } from '@plumbline/contract-features';
import type { CallOptions, Client } from '@plumbline/rpc';
import { errors } from '../domain/errors.ts';
import type { Datasets } from '../domain/training/ports.ts';
import { datasetOf, datasetRequestMessage } from '../messages/dataset.ts';

/**
 * Data sets built by the feature store. `options` say on whose behalf; `timeoutMs` bounds one data set, because a stream
 * has no deadline of its own and a job has no call to take one from.
 */
export function featureStore(
  client: Pick<Client<typeof FeatureStoreService>, 'buildTrainingSet'>,
  options: CallOptions,
  timeoutMs: number,
): Datasets {
  return {
    async build(request, onProgress, signal) {
      for await (const report of client.buildTrainingSet(datasetRequestMessage(request), {
        ...options,
        signal,
        timeoutMs,
      })) {
        if (report.dataset) return datasetOf(report.dataset);
        if (report.rowsTotal > 0n) onProgress(Number(report.rowsDone) / Number(report.rowsTotal));
      }
      throw errors.DATASET_UNREADABLE('the feature store ended without a data set');
    },
  };
}
