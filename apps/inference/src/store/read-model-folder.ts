import { readdir, stat } from 'node:fs/promises';
import { join, relative, sep } from 'node:path';
import { ServiceError } from '@plumbline/errors';
import { MAX_MANIFEST_FILES, type ManifestFile } from '@plumbline/release';
import { errors, shorten } from '../domain/errors.ts';
import { checkFileSize } from '../domain/loading/file-sizes.ts';
import type { RepositoryModel, RepositoryVersion } from '../domain/repository/repository.ts';
import { placed } from '../domain/settings/config-fault.ts';
import {
  checkName,
  chooseVersions,
  namedFiles,
  NO_CONFIG,
  type ModelConfig,
} from '../domain/settings/model-config.ts';
import type { FolderObjects } from './folder-objects.ts';
import { CONFIG_FILE, parseConfigText, placesIn } from './model-config-file.ts';
import { VERSION_NAME, versionOf, type Override } from './model-override.ts';

export const MODEL_NAME = /^[A-Za-z0-9_][A-Za-z0-9._-]{0,127}$/;

/**
 * A model as its folder is now; what is wrong with it is its problem. Undefined where there is no such folder.
 * @param override takes the place of the folder's configuration.
 * @param signal ends the work between two files; then it rejects with the signal's reason.
 */
export async function readModelFolder(
  folder: string,
  name: string,
  objects: FolderObjects,
  override: Override | undefined,
  signal: AbortSignal,
): Promise<RepositoryModel | undefined> {
  try {
    if (!(await isFolder(folder))) return undefined;
    if (!MODEL_NAME.test(name)) throw errors.REPOSITORY_INVALID(`no model can be named "${shorten(name)}"`);
    const entries = await readdir(folder);
    const { config, files, numbers } =
      override === undefined
        ? await readConfig(folder, name, entries, objects)
        : { ...override, numbers: numbersOf(override.config, name, entries) };
    const shared = [...files, ...(await readNamed(folder, config, objects))];
    if (numbers.length === 0) throw errors.REPOSITORY_INVALID(`the model "${name}" has no version to serve`);
    const versions: RepositoryVersion[] = [];
    for (const number of numbers) versions.push(await readVersion(folder, number, shared, objects, signal));
    return { name, versions, problem: undefined };
  } catch (error) {
    signal.throwIfAborted();
    return { name, versions: [], problem: problemOf(error, name) };
  }
}

/** A model's configuration, and the numbers that it serves. */
async function readConfig(
  folder: string,
  name: string,
  entries: readonly string[],
  objects: FolderObjects,
): Promise<Pick<Override, 'config' | 'files'> & { readonly numbers: readonly number[] }> {
  if (!entries.includes(CONFIG_FILE)) {
    return { config: NO_CONFIG, files: [], numbers: numbersOf(NO_CONFIG, name, entries) };
  }
  const file = await objects.look(join(folder, CONFIG_FILE), sizeCheckOf(CONFIG_FILE));
  const bytes = await objects.get(file.digest);
  const config = parseConfigText(bytes);
  try {
    const numbers = numbersOf(config, name, entries);
    return { config, files: [{ path: CONFIG_FILE, ...file }], numbers };
  } catch (error) {
    throw placed(error, placesIn(bytes));
  }
}

/** @throws ServiceError MODEL_CONFIG_INVALID where the configuration is another model's, or names absent versions. */
function numbersOf(config: ModelConfig, name: string, entries: readonly string[]): number[] {
  checkName(config, [name]);
  const available = entries.filter((entry) => VERSION_NAME.test(entry)).map(Number);
  return chooseVersions(config.versionPolicy, available);
}

/** The files that the configuration names, which are part of every version like itself. */
async function readNamed(
  folder: string,
  config: ModelConfig,
  objects: FolderObjects,
): Promise<ManifestFile[]> {
  const files: ManifestFile[] = [];
  for (const path of namedFiles(config))
    files.push({ path, ...(await objects.look(join(folder, path), sizeCheckOf(path))) });
  return files;
}

/** The files of a version's folder, at any depth, beside those of the model. Hidden ones do not count. */
async function readVersion(
  folder: string,
  number: number,
  shared: readonly ManifestFile[],
  objects: FolderObjects,
  signal: AbortSignal,
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
  for (const path of paths) {
    signal.throwIfAborted();
    files.push({ path, ...(await objects.look(join(own, path))) });
  }
  return versionOf(number, files);
}

/** Before a file is hashed that is too large to be read. */
const sizeCheckOf =
  (path: string) =>
  (sizeBytes: bigint): void =>
    checkFileSize({ path, sizeBytes });

async function isFolder(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isDirectory();
  } catch (error) {
    if (['ENOENT', 'ENOTDIR', 'ENAMETOOLONG'].includes((error as NodeJS.ErrnoException).code ?? ''))
      return false;
    throw error;
  }
}

/** A folder that cannot be read, or that changes while it is, is the model's problem alone. */
function problemOf(error: unknown, name: string): ServiceError {
  if (error instanceof ServiceError) return error;
  const { code } = error as NodeJS.ErrnoException;
  if (code === undefined) throw error;
  return errors.REPOSITORY_INVALID(`the folder of "${name}" cannot be read: ${code}`, { cause: error });
}
