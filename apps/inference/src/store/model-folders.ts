import { readdir, realpath } from 'node:fs/promises';
import { join } from 'node:path';
import type { ServiceError } from '@plumbline/errors';
import type { ObjectStore } from '@plumbline/objects';
import { errors } from '../domain/errors.ts';
import type { ModelRepository, RepositoryModel } from '../domain/repository/repository.ts';
import { BroughtOverrides } from './brought-overrides.ts';
import type { FolderObjects } from './folder-objects.ts';
import { overriddenModel, readOverride, type Override } from './model-override.ts';
import { MODEL_NAME, readModelFolder } from './read-model-folder.ts';

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
  const modelOf = async (name: string, given: Override | undefined, signal: AbortSignal) => {
    if (given !== undefined && given.versions.length > 0) {
      return MODEL_NAME.test(name) ? overriddenModel(name, given) : undefined;
    }
    return name.includes('/') ? undefined : readModelFolder(join(root, name), name, objects, given, signal);
  };
  return {
    async names() {
      const entries = await reading(() => readdir(root, { withFileTypes: true }));
      const folders = entries.filter((entry) => entry.isDirectory() || entry.isSymbolicLink());
      return folders.flatMap(({ name }) => (name.startsWith('.') ? [] : [name])).sort();
    },
    async find(name, override, signal) {
      const given = override && (await readOverride(override, signal));
      const model = await modelOf(name, given, signal);
      if (given === undefined || model === undefined || model.problem !== undefined) return model;
      const used = digestsOf(model);
      await brought.bring(new Map([...given.contents].filter(([digest]) => used.has(digest))), signal);
      return model;
    },
    async retain(digests) {
      const kept = await Promise.allSettled([objects.retain(digests), brought.retain(digests)]);
      for (const outcome of kept) if (outcome.status === 'rejected') onLeft(outcome.reason);
    },
  };
}

function digestsOf({ versions }: RepositoryModel): ReadonlySet<string> {
  return new Set(versions.flatMap(({ files }) => files.map(({ digest }) => digest)));
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
