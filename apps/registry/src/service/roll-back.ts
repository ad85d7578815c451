import { rollBack as goBack } from '../domain/roll-back.ts';
import { releaseOf } from '../messages/release.ts';
import { callOf, type Registry, type RegistryHandler } from './handler.ts';
import { isAlias, isName, isText, isVersionDigest, requireValid } from './validate.ts';

export const rollBack =
  ({ store, clock, rollback }: Registry): RegistryHandler<'rollback'> =>
  async ({ model, alias, expectedDigest, reason }, context) => {
    requireValid(
      isName('model', model),
      isAlias('alias', alias),
      isVersionDigest('expected_digest', expectedDigest),
      isText('reason', reason),
    );
    const call = callOf(context, clock);
    const { release, epoch } = await store.transaction(call.tenant, context, (tables) =>
      goBack(tables, call, { model, alias, expected: expectedDigest, reason }, rollback),
    );
    return { release: releaseOf(release), epoch };
  };
