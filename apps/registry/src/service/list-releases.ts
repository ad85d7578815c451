import { requireModel } from '../domain/refuse.ts';
import { releaseOf } from '../messages/release.ts';
import { callOf, type Registry, type RegistryHandler } from './handler.ts';
import { beforeOf, pageOf, pageSize } from './page.ts';
import { isAlias, isName, requireValid } from './validate.ts';

export const listReleases =
  ({ store, clock }: Registry): RegistryHandler<'listReleases'> =>
  async ({ model, alias, atUs, pageSize: asked, pageToken }, context) => {
    requireValid(isName('model', model), alias === '' ? [] : isAlias('alias', alias));
    const size = pageSize(asked);
    const filter = {
      alias: alias === '' ? undefined : alias,
      atUs: atUs === 0n ? undefined : atUs,
      before: beforeOf(pageToken),
      limit: size + 1,
    };
    const { tenant } = callOf(context, clock);
    const rows = await store.read(tenant, context, async (tables) => {
      await requireModel(tables, model);
      return tables.releases.list(model, filter);
    });
    const { page, nextPageToken } = pageOf(rows, size, ({ sequence }) => sequence);
    return { releases: page.map(releaseOf), nextPageToken };
  };
