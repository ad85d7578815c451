import type { MessageInitShape } from '@bufbuild/protobuf';
import type {
  BuildTrainingSetRequest,
  BuildTrainingSetRequestSchema,
  Dataset as DatasetMessage,
  DatasetSchema,
} from '@plumbline/contract-features';
import type { Dataset } from '../domain/training/dataset.ts';
import type { DatasetRequest } from '../domain/training/training-spec.ts';

export function datasetRequestOf(message: BuildTrainingSetRequest): DatasetRequest {
  const { featureService, featureServiceVersion, spineSource, spineInstant } = message;
  const { fromUs, toUs, label, knownByUs, requestValues } = message;
  return {
    featureService,
    featureServiceVersion,
    spineSource,
    spineInstant,
    fromUs,
    toUs,
    label,
    knownByUs,
    requestValues: { ...requestValues },
  };
}

export function datasetRequestMessage(
  request: DatasetRequest,
): MessageInitShape<typeof BuildTrainingSetRequestSchema> {
  return { ...request, requestValues: { ...request.requestValues } };
}

export function datasetOf(message: DatasetMessage): Dataset {
  const { digest, sizeBytes, rows, positives, featureServiceVersion, watermark } = message;
  return {
    digest,
    sizeBytes,
    rows,
    positives,
    featureServiceVersion,
    viewVersions: { ...message.viewVersions },
    features: [...message.features],
    featureSources: [...message.featureSources],
    watermark,
  };
}

export function datasetMessage(dataset: Dataset): MessageInitShape<typeof DatasetSchema> {
  return {
    ...dataset,
    viewVersions: { ...dataset.viewVersions },
    features: [...dataset.features],
    featureSources: [...dataset.featureSources],
  };
}
