import type { MessageInitShape } from '@bufbuild/protobuf';
import type { GetDefinitionsResponseSchema } from '@plumbline/contract-features';
import { requireTenant, type CallContext } from '@plumbline/rpc';
import type { DefinitionStore } from '../domain/apply-definitions.ts';
import { FIRST_REVISION } from '../domain/catalogue.ts';
import { definitionsToMessage, versionsOf } from './definitions-to-message.ts';

export async function handleGetDefinitions(
  store: DefinitionStore,
  context: CallContext,
): Promise<MessageInitShape<typeof GetDefinitionsResponseSchema>> {
  const current = (await store.current(requireTenant(context))) ?? FIRST_REVISION;
  return {
    definitions: definitionsToMessage(current.definitions, versionsOf(current)),
    revision: BigInt(current.revision),
  };
}
