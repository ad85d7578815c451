import type { MessageInitShape } from '@bufbuild/protobuf';
import type { ApplyDefinitionsRequest, ApplyDefinitionsResponseSchema } from '@plumbline/contract-features';
import { formatCaller, requireTenant, type CallContext } from '@plumbline/rpc';
import { applyDefinitions, type DefinitionStore } from '../domain/apply-definitions.ts';
import type { Catalogues } from '../domain/catalogues.ts';
import { NO_DEFINITIONS } from '../domain/definitions.ts';
import { definitionsFromMessage } from './definitions-from-message.ts';

export interface ApplyDependencies {
  readonly definitions: DefinitionStore;
  readonly catalogues: Catalogues;
}

export async function handleApplyDefinitions(
  { definitions: store, catalogues }: ApplyDependencies,
  request: ApplyDefinitionsRequest,
  context: CallContext,
): Promise<MessageInitShape<typeof ApplyDefinitionsResponseSchema>> {
  const tenant = requireTenant(context);
  const definitions =
    request.definitions === undefined ? NO_DEFINITIONS : definitionsFromMessage(request.definitions);
  const applied = await applyDefinitions(store, tenant, {
    definitions,
    expectedRevision: Number(request.expectedRevision),
    dryRun: request.dryRun,
    actor: formatCaller(context.caller),
  });
  catalogues.forget(tenant);
  return { revision: BigInt(applied.revision), changes: [...applied.changes] };
}
