import { readdir, realpath } from 'node:fs/promises';
import { join } from 'node:path';
import type { ServiceError } from '@plumbline/errors';
import type { ObjectStore } from '@plumbline/objects';
import { errors } from '../domain/errors.ts';
import type { ModelRepository } from '../domain/repository/repository.ts';
import { BroughtOverrides } from './brought-overrides.ts';
import type { FolderObjects } from './folder-objects.ts';
import { overriddenModel } from './model-override.ts';
import { checkName, MODEL_NAME, readModelFolder } from './read-model-folder.ts';

/**
 * A folder in Triton's layout: `<model>/config.pbtxt`, which may be absent, and `<model>/<version>/model.onnx`.
 * @param overrides takes what callers put in the place of files.
 * @param onLeft told of what nobody needs and could not be let go of.
 */
export function modelFolders(
  root: string,
  objects: FolderObjects,
  overrides: ObjectStore,
  onLeft: (error: unknown) => void,
): ModelRepository {
  const brought = new BroughtOverrides(overrides);
  return {
    async names() {
      const entries = await reading(() => readdir(root, { withFileTypes: true }));
      const folders = entries.filter((entry) => entry.isDirectory() || entry.isSymbolicLink());
      return folders.flatMap(({ name }) => (name.startsWith('.') ? [] : [name])).sort();
    },
    async find(name, override) {
      const given = override && (await brought.bring(override));
      if (given !== undefined && given.versions.length > 0) {
        if (!MODEL_NAME.test(name)) return undefined;
        checkName(given.config, name);
        return overriddenModel(name, given);
      }
      return name.includes('/') ? undefined : readModelFolder(join(root, name), name, objects, given);
    },
    async retain(digests) {
      const kept = await Promise.allSettled([objects.retain(digests), brought.retain(digests)]);
      for (const outcome of kept) if (outcome.status === 'rejected') onLeft(outcome.reason);
    },
  };
}

const FAULTS: Readonly<Record<string, string>> = {
  ENOENT: 'does not exist',
  ENOTDIR: 'is no folder',
  EACCES: 'may not be read',
  ELOOP: 'is a link that leads nowhere',
};

/**
 * The resolved path of a repository.
 * @throws ServiceError REPOSITORY_MISSING where there is no folder that may be read, REPOSITORY_UNAVAILABLE where the
 * file system fails otherwise.
 */
export async function resolveRepository(path: string): Promise<string> {
  try {
    const root = await realpath(path);
    await readdir(root);
    return root;
  } catch (error) {
    const fault = FAULTS[(error as NodeJS.ErrnoException).code ?? ''];
    if (fault === undefined) throw unavailable(error);
    throw errors.REPOSITORY_MISSING(`MODEL_REPOSITORY="${path}" ${fault}`, { cause: error });
  }
}

async function reading<T>(read: () => Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (error) {
    throw unavailable(error);
  }
}

function unavailable(error: unknown): ServiceError {
  const { code = 'unknown' } = error as NodeJS.ErrnoException;
  return errors.REPOSITORY_UNAVAILABLE(`the folder of models cannot be read: ${code}`, { cause: error });
}
