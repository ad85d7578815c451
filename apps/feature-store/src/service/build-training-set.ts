import type { MessageInitShape } from '@bufbuild/protobuf';
import type {
  BuildTrainingSetRequest,
  BuildTrainingSetResponseSchema,
  DatasetSchema,
} from '@plumbline/contract-features';
import { requireTenant, type CallContext } from '@plumbline/rpc';
import type { Dataset, TrainingSetRequest } from '../domain/training-set.ts';
import type { JobRunner } from '../jobs/job-runner.ts';

/** Reports at most this often; a finished data set is always reported. */
const REPORT_INTERVAL_MS = 200;

export async function* handleBuildTrainingSet(
  jobs: JobRunner,
  request: BuildTrainingSetRequest,
  context: CallContext,
): AsyncGenerator<MessageInitShape<typeof BuildTrainingSetResponseSchema>> {
  const tenant = requireTenant(context);
  let reportedAtMs = -Infinity;
  for await (const report of jobs.run('training-set', requestFrom(tenant, request), context.signal)) {
    const { rowsDone, rowsTotal, dataset } = report;
    if (dataset === undefined && performance.now() - reportedAtMs < REPORT_INTERVAL_MS) continue;
    reportedAtMs = performance.now();
    yield {
      rowsDone: BigInt(rowsDone),
      rowsTotal: BigInt(rowsTotal),
      ...(dataset === undefined ? {} : { dataset: datasetToMessage(dataset) }),
    };
  }
}

function requestFrom(tenant: string, request: BuildTrainingSetRequest): TrainingSetRequest {
  return {
    tenant,
    featureService: request.featureService,
    featureServiceVersion: request.featureServiceVersion,
    spineSource: request.spineSource,
    spine: {
      instant: request.spineInstant,
      label: request.label,
      from: Number(request.fromUs),
      to: Number(request.toUs),
      requestValues: { ...request.requestValues },
    },
    knownBy: Number(request.knownByUs),
    watermark: Number(request.watermark),
  };
}

function datasetToMessage(dataset: Dataset): MessageInitShape<typeof DatasetSchema> {
  return {
    digest: dataset.digest,
    sizeBytes: BigInt(dataset.sizeBytes),
    rows: BigInt(dataset.rows),
    positives: BigInt(dataset.positives),
    featureServiceVersion: dataset.featureServiceVersion,
    viewVersions: { ...dataset.viewVersions },
    features: [...dataset.features],
    featureSources: [...dataset.featureSources],
    watermark: BigInt(dataset.watermark),
  };
}
