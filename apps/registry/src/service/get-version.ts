import { findVersion, type VersionName } from '../domain/describe-version.ts';
import { versionOf } from '../messages/version.ts';
import type { GetVersionRequest } from '@plumbline/contract-registry';
import { callOf, type Registry, type RegistryHandler } from './handler.ts';
import { isAlias, isName, isVersionDigest, requireValid, rule } from './validate.ts';

export const getVersion =
  ({ store, clock }: Registry): RegistryHandler<'getVersion'> =>
  async ({ model, which }, context) => {
    const name = versionNameOf(which);
    requireValid(
      isName('model', model),
      rule(name !== undefined, 'which', 'is required'),
      name?.by === 'digest' ? isVersionDigest('digest', name.digest) : [],
      name?.by === 'alias' ? isAlias('alias', name.alias) : [],
    );
    const { tenant } = callOf(context, clock);
    const version = await store.read(tenant, context, (tables) =>
      findVersion(tables, model, name as VersionName),
    );
    return { version: versionOf(version) };
  };

function versionNameOf(which: GetVersionRequest['which']): VersionName | undefined {
  switch (which.case) {
    case 'digest':
      return { by: 'digest', digest: which.value };
    case 'alias':
      return { by: 'alias', alias: which.value };
    case 'number':
      return { by: 'number', number: which.value };
    case undefined:
      return undefined;
  }
}
