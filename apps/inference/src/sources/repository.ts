import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileObjects, type ObjectStore } from '@plumbline/objects';
import type { Scope } from '@plumbline/service';
import type { InferenceConfig } from '../config.ts';
import { repositoryTenant } from '../domain/access.ts';
import type { ModelRepository } from '../domain/repository/repository.ts';
import { modelsToLoad } from '../domain/repository/repository-settings.ts';
import { ListedModels } from '../domain/repository/listed-models.ts';
import { ModelControl } from '../domain/repository/model-control.ts';
import { RepositorySource } from '../domain/repository/repository-source.ts';
import type { VersionTable } from '../domain/versions/version-table.ts';
import { eitherOf, FolderObjects } from '../store/folder-objects.ts';
import { modelFolders, resolveRepository } from '../store/model-folders.ts';
import { delay } from '../timers.ts';
import type { Followed, Origin } from './origin.ts';

const DUE_INTERVAL_MS = 1_000;

/** Models of a folder, read in place. Rejects with REPOSITORY_MISSING or REPOSITORY_UNAVAILABLE. */
export async function repositoryOrigin(scope: Scope<InferenceConfig>, path: string): Promise<Origin> {
  const root = await resolveRepository(path);
  const folder = new FolderObjects(root);
  const overrides = await emptyOverrides(scope);
  const repository = modelFolders(root, folder, overrides, (error) =>
    scope.log.warn({ directory: path, error }, 'files that nobody needs could not be let go of'),
  );
  return {
    contents: eitherOf(folder, overrides),
    graceMs: 0,
    follow: (table, onLook) => follow(scope, repository, table, onLook),
  };
}

/** What callers put in the place of files lasts as long as the process, in a folder that no other process has. */
async function emptyOverrides(scope: Scope<InferenceConfig>): Promise<ObjectStore> {
  const { stateDir } = scope.config;
  await mkdir(stateDir, { recursive: true });
  const directory = await mkdtemp(join(stateDir, 'overrides-'));
  scope.adopt({ close: () => rm(directory, { recursive: true, force: true }) }, 'overrides');
  return fileObjects(directory);
}

function follow(
  { config: values, log }: Scope<InferenceConfig>,
  repository: ModelRepository,
  table: VersionTable,
  onLook: () => void,
): Followed {
  const { modelControlMode: mode, modelRepository: directory } = values;
  const tenant = repositoryTenant(values);
  const listed = new ListedModels({
    table,
    tenant,
    onProblem: (model, error) => log.error({ model, error }, 'a model of the repository cannot be served'),
  });
  const source = new RepositorySource({
    repository,
    listed,
    table,
    mode,
    loadAtStart: modelsToLoad(values),
    intervalMs: mode === 'poll' ? values.pollIntervalMs : DUE_INTERVAL_MS,
    delay,
    onLook,
    onReach: (reachable, error) => {
      if (reachable) log.info({ directory }, 'the repository can be read again');
      else log.warn({ directory, error }, 'the repository is away; versions stay as they are');
    },
    onUnexpected: (error) => log.error({ directory, error }, 'a look at the repository failed unexpectedly'),
  });
  return { source, repository: new ModelControl({ repository, listed, table, tenant, mode }) };
}
