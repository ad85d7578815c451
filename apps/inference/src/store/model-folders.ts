import { readdir, realpath, stat } from 'node:fs/promises';
import { join, relative, sep } from 'node:path';
import { ServiceError } from '@plumbline/errors';
import type { ObjectStore } from '@plumbline/objects';
import { MAX_MANIFEST_FILES, type ManifestFile } from '@plumbline/release';
import { configFault } from '../domain/settings/config-fault.ts';
import { errors, shorten } from '../domain/errors.ts';
import { chooseVersions, namedFiles, NO_CONFIG, type ModelConfig } from '../domain/settings/model-config.ts';
import type { ModelRepository, RepositoryModel, RepositoryVersion } from '../domain/repository/repository.ts';
import type { FolderObjects } from './folder-objects.ts';
import { CONFIG_FILE, parseConfigText } from './model-config-file.ts';
import { overriddenModel, readOverride, VERSION_NAME, versionOf, type Override } from './model-override.ts';

const MODEL_NAME = /^[A-Za-z0-9_][A-Za-z0-9._-]{0,127}$/;

/**
 * A folder in Triton's layout: `<model>/config.pbtxt`, which may be absent, and `<model>/<version>/model.onnx`.
 * @param overrides takes what callers put in the place of files.
 */
export function modelFolders(root: string, objects: FolderObjects, overrides: ObjectStore): ModelRepository {
  const stored = new Set<string>();
  return {
    async names() {
      const entries = await reading(() => readdir(root, { withFileTypes: true }));
      const folders = entries.filter((entry) => entry.isDirectory() || entry.isSymbolicLink());
      return folders.flatMap(({ name }) => (name.startsWith('.') ? [] : [name])).sort();
    },
    async find(name, override) {
      const given = override && (await readOverride(override, overrides));
      for (const digest of given === undefined ? [] : digestsOf(given)) stored.add(digest);
      if (given !== undefined && given.versions.length > 0) {
        if (!MODEL_NAME.test(name)) return undefined;
        checkName(given.config, name);
        return overriddenModel(name, given);
      }
      return name.includes('/') ? undefined : readModel(join(root, name), name, objects, given);
    },
    async retain(digests) {
      await objects.retain(digests);
      for (const digest of stored) {
        if (digests.has(digest)) continue;
        stored.delete(digest);
        await overrides.remove(digest);
      }
    },
  };
}

function digestsOf({ files, versions }: Override): string[] {
  return [...files, ...versions.flatMap((version) => version.files)].map(({ digest }) => digest);
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

/** Undefined where there is no such folder. */
async function readModel(
  folder: string,
  name: string,
  objects: FolderObjects,
  override: Override | undefined,
): Promise<RepositoryModel | undefined> {
  try {
    if (!(await isFolder(folder))) return undefined;
    if (!MODEL_NAME.test(name)) throw errors.REPOSITORY_INVALID(`no model can be named "${shorten(name)}"`);
    const entries = await readdir(folder);
    const { config, files } = override ?? (await readConfig(folder, entries, objects));
    checkName(config, name);
    const shared = [...files, ...(await readNamed(folder, config, objects))];
    const available = entries.filter((entry) => VERSION_NAME.test(entry)).map(Number);
    const numbers = chooseVersions(config.versionPolicy, available);
    if (numbers.length === 0) throw errors.REPOSITORY_INVALID(`the model "${name}" has no version to serve`);
    const versions: RepositoryVersion[] = [];
    for (const number of numbers) versions.push(await readVersion(folder, number, shared, objects));
    return { name, versions, problem: undefined };
  } catch (error) {
    return { name, versions: [], problem: problemOf(error, name) };
  }
}

async function readConfig(
  folder: string,
  entries: readonly string[],
  objects: FolderObjects,
): Promise<Pick<Override, 'config' | 'files'>> {
  if (!entries.includes(CONFIG_FILE)) return { config: NO_CONFIG, files: [] };
  const file = await objects.look(join(folder, CONFIG_FILE));
  const config = parseConfigText(await objects.get(file.digest));
  return { config, files: [{ path: CONFIG_FILE, ...file }] };
}

/** Also of a content that two folders share: its name is that of one of them at most. */
function checkName(config: ModelConfig, name: string): void {
  if (config.name === '' || config.name === name) return;
  throw configFault('name', `is "${shorten(config.name)}", but the model is "${name}"`);
}

/** The files that the configuration names, which are part of every version like itself. */
async function readNamed(
  folder: string,
  config: ModelConfig,
  objects: FolderObjects,
): Promise<ManifestFile[]> {
  const files: ManifestFile[] = [];
  for (const path of namedFiles(config)) files.push({ path, ...(await objects.look(join(folder, path))) });
  return files;
}

/** The files of a version's folder, at any depth, beside those of the model. Hidden ones do not count. */
async function readVersion(
  folder: string,
  number: number,
  shared: readonly ManifestFile[],
  objects: FolderObjects,
): Promise<RepositoryVersion> {
  const own = join(folder, String(number));
  const entries = await readdir(own, { withFileTypes: true, recursive: true });
  const paths = entries
    .flatMap((entry) => (entry.isDirectory() ? [] : [relative(own, join(entry.parentPath, entry.name))]))
    .filter((path) => !path.split(sep).some((segment) => segment.startsWith('.')));
  if (paths.length > MAX_MANIFEST_FILES) {
    throw errors.REPOSITORY_INVALID(`version ${number} has more than ${MAX_MANIFEST_FILES} files`);
  }
  const files = [...shared];
  for (const path of paths) files.push({ path, ...(await objects.look(join(own, path))) });
  return versionOf(number, files);
}

async function isFolder(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isDirectory();
  } catch (error) {
    if (['ENOENT', 'ENOTDIR', 'ENAMETOOLONG'].includes((error as NodeJS.ErrnoException).code ?? ''))
      return false;
    throw error;
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

/** A folder that cannot be read, or that changes while it is, is the model's problem alone. */
function problemOf(error: unknown, name: string): ServiceError {
  if (error instanceof ServiceError) return error;
  const { code } = error as NodeJS.ErrnoException;
  if (code === undefined) throw error;
  return errors.REPOSITORY_INVALID(`the folder of "${name}" cannot be read: ${code}`, { cause: error });
}
