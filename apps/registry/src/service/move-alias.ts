import { moveAlias as move } from '../domain/move-alias.ts';
import { releaseOf } from '../messages/release.ts';
import { callOf, type Registry, type RegistryHandler } from './handler.ts';
import { areUuids, isAlias, isName, isText, isVersionDigest, requireValid } from './validate.ts';

export const moveAlias =
  ({ store, clock }: Registry): RegistryHandler<'moveAlias'> =>
  async ({ model, alias, digest, expectedDigest, reason, decisionIds }, context) => {
    requireValid(
      isName('model', model),
      isAlias('alias', alias),
      isVersionDigest('digest', digest),
      expectedDigest === '' ? [] : isVersionDigest('expected_digest', expectedDigest),
      isText('reason', reason),
      areUuids('decision_ids', decisionIds),
    );
    const call = callOf(context, clock);
    const expected = expectedDigest === '' ? undefined : expectedDigest;
    const { release, epoch } = await store.transaction(call.tenant, context, (tables) =>
      move(tables, call, { model, alias, target: digest, expected, reason, decisionIds }),
    );
    return { release: releaseOf(release), epoch };
  };
