import { create, type MessageInitShape } from '@bufbuild/protobuf';
import {
  EntityRowSchema,
  type RecomputeFeaturesRequest,
  type RecomputeFeaturesResponseSchema,
} from '@plumbline/contract-features';
import { requireTenant, type CallContext } from '@plumbline/rpc';
import type { Catalogues } from '../domain/catalogues.ts';
import type { JobReport } from '../jobs/job-messages.ts';
import type { JobRunner } from '../jobs/job-runner.ts';
import { entityFromMessage, featureTypes, vectorToMessage } from './vector-messages.ts';

export async function handleRecomputeFeatures(
  { catalogues, jobs }: { readonly catalogues: Catalogues; readonly jobs: JobRunner },
  request: RecomputeFeaturesRequest,
  context: CallContext,
): Promise<MessageInitShape<typeof RecomputeFeaturesResponseSchema>> {
  const tenant = requireTenant(context);
  const { featureService, featureServiceVersion } = request;
  const types = await catalogues.use(tenant, async (catalogue) =>
    featureTypes(catalogue.service(featureService, featureServiceVersion)),
  );
  const vectors = request.vectors.map(({ entity, views }) => ({
    request: entityFromMessage(entity ?? create(EntityRowSchema), 0),
    sequences: Object.fromEntries(views.map(({ view, sequence }) => [view, Number(sequence)])),
  }));
  const job = { tenant, featureService, featureServiceVersion, vectors };
  let last: JobReport<'recompute'> | undefined;
  for await (const report of jobs.run('recompute', job, context.signal)) last = report;
  return {
    featureNames: [...(last?.features ?? [])],
    vectors: (last?.vectors ?? []).map((vector) => vectorToMessage(types, vector)),
  };
}
