import type { MessageInitShape } from '@bufbuild/protobuf';
import type { Evidence as EvidenceMessage, EvidenceSchema } from '@plumbline/contract-registry';
import type { Comparison, EvidenceKind } from '@plumbline/release';
import type { AttachedEvidence } from '../domain/version.ts';
import { measurementOf, metricOf } from './measurement.ts';

export const EVIDENCE_KINDS: readonly EvidenceKind[] = ['evaluation', 'comparison', 'shadow'];

/** Kinds must have been checked. A difference that is not set counts as one over no examples. */
export function evidenceOf(
  message: EvidenceMessage,
  about: { readonly model: string; readonly version: string },
): Omit<AttachedEvidence, 'attachedAtUs'> {
  return {
    ...about,
    id: message.evidenceId.toLowerCase(),
    kind: message.kind as EvidenceKind,
    datasetDigest: message.datasetDigest,
    metrics: message.metrics.map(measurementOf),
    comparisons: message.comparisons.map((comparison): Comparison => ({
      otherKind: comparison.otherKind === 'feature' ? 'feature' : 'version',
      other: comparison.other,
      difference: comparison.difference ? measurementOf(comparison.difference) : NOT_MEASURED,
    })),
    measuredAtUs: message.measuredAtUs,
  };
}

const NOT_MEASURED = {
  name: '',
  value: NaN,
  lower: NaN,
  upper: NaN,
  confidence: 0,
  examples: 0,
  slice: '',
};

export function evidenceMessageOf(
  evidence: Omit<AttachedEvidence, 'attachedAtUs'>,
): MessageInitShape<typeof EvidenceSchema> {
  const { id, kind, datasetDigest, metrics, comparisons, measuredAtUs } = evidence;
  return {
    evidenceId: id,
    kind,
    datasetDigest,
    metrics: metrics.map(metricOf),
    comparisons: comparisons.map(({ otherKind, other, difference }) => ({
      otherKind,
      other,
      difference: metricOf(difference),
    })),
    measuredAtUs,
  };
}
