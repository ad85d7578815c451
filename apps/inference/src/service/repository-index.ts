import type { GRPCInferenceService } from '@plumbline/contract-oip';
import { requireTenant, type Handler } from '@plumbline/rpc';
import { indexVersions, sortIndex } from '../domain/repository/repository-index.ts';
import type { ModelControl } from '../domain/repository/model-control.ts';
import type { VersionTable } from '../domain/versions/version-table.ts';

export interface RepositoryOptions {
  readonly table: VersionTable;
  /** Undefined where the models come from a registry. */
  readonly repository: ModelControl | undefined;
}

type RepositoryIndex = Handler<(typeof GRPCInferenceService)['method']['repositoryIndex']>;

/** The tenant's models and versions, served or not. There is one repository, whatever name is asked for. */
export function repositoryIndex({ table, repository }: RepositoryOptions): RepositoryIndex {
  return async ({ ready }, context) => {
    const tenant = requireTenant(context);
    const served = indexVersions(table.reports(), table.listing, tenant);
    const unserved = (await repository?.unserved(tenant)) ?? [];
    return { models: sortIndex([...served, ...unserved]).filter(({ state }) => !ready || state === 'READY') };
  };
}
