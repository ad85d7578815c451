import type { Scope } from '@plumbline/service';
import type { InferenceConfig } from '../config.ts';
import { repositoryTenant } from '../domain/access.ts';
import { RepositorySource } from '../domain/repository-source.ts';
import type { VersionTable } from '../domain/version-table.ts';
import { FolderObjects } from '../store/folder-objects.ts';
import { modelFolders, resolveRepository } from '../store/model-folders.ts';
import { delay } from '../timers.ts';
import type { Origin } from './origin.ts';

const DUE_INTERVAL_MS = 1_000;

/** Models of a folder, read in place. Rejects with REPOSITORY_UNAVAILABLE. */
export async function repositoryOrigin(scope: Scope<InferenceConfig>, folder: string): Promise<Origin> {
  const root = await resolveRepository(folder);
  const contents = new FolderObjects(root);
  return {
    contents,
    graceMs: 0,
    follow: (table, onLook) => {
      const repository = repositorySource(scope, root, contents, table, onLook);
      return { source: repository, repository };
    },
  };
}

function repositorySource(
  { config: values, log }: Scope<InferenceConfig>,
  root: string,
  contents: FolderObjects,
  table: VersionTable,
  onLook: () => void,
): RepositorySource {
  const control = values.modelControlMode;
  return new RepositorySource({
    repository: modelFolders(root, contents),
    table,
    tenant: repositoryTenant(values),
    control,
    loadAtStart: values.loadModels.split(',').flatMap((name) => name.trim() || []),
    intervalMs: control === 'poll' ? values.pollIntervalMs : DUE_INTERVAL_MS,
    delay,
    onLook,
    onProblem: (model, error) => log.error({ model, error }, 'a model of the repository cannot be served'),
    onReach: (reachable, error) => {
      if (reachable) log.info({ directory: root }, 'the repository can be read again');
      else log.warn({ directory: root, error }, 'the repository is away; versions stay as they are');
    },
  });
}
