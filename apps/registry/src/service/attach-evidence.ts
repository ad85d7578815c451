import { attachEvidence as attach } from '../domain/attach-evidence.ts';
import { EVIDENCE_KINDS, evidenceOf } from '../messages/evidence.ts';
import type { Evidence } from '@plumbline/contract-registry';
import type { FieldViolation } from '@plumbline/errors';
import { errors } from '../domain/errors.ts';
import { callOf, type Registry, type RegistryHandler } from './handler.ts';
import {
  isBetween,
  isName,
  isPresent,
  isText,
  isUuid,
  isVersionDigest,
  requireValid,
  rule,
} from './validate.ts';

export const attachEvidence =
  ({ store, clock }: Registry): RegistryHandler<'attachEvidence'> =>
  async ({ model, digest, evidence }, context) => {
    if (!evidence) {
      throw errors.REQUEST_INVALID('evidence is required', {
        fieldViolations: [{ field: 'evidence', description: 'is required' }],
      });
    }
    requireValid(isName('model', model), isVersionDigest('digest', digest), evidenceViolations(evidence));
    const call = callOf(context, clock);
    const existed = await store.transaction(call.tenant, context, (tables) =>
      attach(tables, call, evidenceOf(evidence, { model, version: digest })),
    );
    return { existed };
  };

function evidenceViolations(evidence: Evidence): FieldViolation[] {
  const { evidenceId, kind, datasetDigest, metrics, comparisons } = evidence;
  return [
    ...isUuid('evidence.evidence_id', evidenceId),
    ...rule(
      EVIDENCE_KINDS.some((known) => known === kind),
      'evidence.kind',
      `is none of ${EVIDENCE_KINDS.join(', ')}`,
    ),
    ...isText('evidence.dataset_digest', datasetDigest, 255),
    ...isBetween('evidence.metrics', metrics.length, 0, 1_000),
    ...isBetween('evidence.comparisons', comparisons.length, 0, 1_000),
    ...rule(metrics.length + comparisons.length > 0, 'evidence', 'measures nothing'),
    ...metrics.flatMap(({ name, n, slice }, index) => [
      ...isName(`evidence.metrics[${index}].name`, name),
      ...isText(`evidence.metrics[${index}].slice`, slice, 255),
      ...rule(n >= 0n, `evidence.metrics[${index}].n`, 'is negative'),
    ]),
    ...comparisons.flatMap((comparison, index) =>
      comparisonViolations(`evidence.comparisons[${index}]`, comparison),
    ),
  ];
}

function comparisonViolations(
  field: string,
  { otherKind, other, difference }: Evidence['comparisons'][number],
): FieldViolation[] {
  return [
    ...rule(
      otherKind === 'version' || otherKind === 'feature',
      `${field}.other_kind`,
      'is neither version nor feature',
    ),
    ...isPresent(`${field}.other`, other, 255),
    ...(otherKind === 'version' ? isVersionDigest(`${field}.other`, other) : []),
    ...rule(difference !== undefined, `${field}.difference`, 'is required'),
    ...(difference ? isName(`${field}.difference.name`, difference.name) : []),
    ...isText(`${field}.difference.slice`, difference?.slice ?? '', 255),
    ...rule((difference?.n ?? 0n) >= 0n, `${field}.difference.n`, 'is negative'),
  ];
}
