import { describeVersion } from '../domain/describe-version.ts';
import { requireModel } from '../domain/refuse.ts';
import type { DescribedVersion } from '../domain/version.ts';
import { versionOf } from '../messages/version.ts';
import { callOf, type Registry, type RegistryHandler } from './handler.ts';
import { beforeOf, pageOf, pageSize } from './page.ts';
import { isName, requireValid } from './validate.ts';

const MAX_NUMBER = 2 ** 31 - 1;

export const listVersions =
  ({ store, clock }: Registry): RegistryHandler<'listVersions'> =>
  async ({ model, pageSize: asked, pageToken }, context) => {
    requireValid(isName('model', model));
    const size = pageSize(asked);
    const before = Math.min(Number(beforeOf(pageToken) ?? MAX_NUMBER), MAX_NUMBER);
    const { tenant } = callOf(context, clock);
    const rows = await store.read(tenant, context, async (tables) => {
      await requireModel(tables, model);
      const versions = await tables.versions.list(model, before, size + 1);
      const described: DescribedVersion[] = [];
      for (const version of versions) described.push(await describeVersion(tables, version));
      return described;
    });
    const { page, nextPageToken } = pageOf(rows, size, ({ number }) => number);
    return { versions: page.map(versionOf), nextPageToken };
  };
