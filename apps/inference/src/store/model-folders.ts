import type { Dirent } from 'node:fs';
import { readdir, realpath } from 'node:fs/promises';
import { join } from 'node:path';
import { ServiceError } from '@plumbline/errors';
import { manifestDigest, manifestFaults, type ManifestFile } from '@plumbline/release';
import { errors, shorten } from '../domain/errors.ts';
import { chooseVersions, namedFiles, NO_CONFIG, type ModelConfig } from '../domain/model-config.ts';
import type { ModelRepository, RepositoryModel, RepositoryVersion } from '../domain/repository.ts';
import type { FolderObjects } from './folder-objects.ts';
import { CONFIG_FILE, parseConfigText } from './model-config-file.ts';

const MODEL_NAME = /^[A-Za-z0-9_][A-Za-z0-9._-]{0,127}$/;
const VERSION_NAME = /^[1-9]\d{0,14}$/;

/** A folder in Triton's layout: `<model>/config.pbtxt`, which may be absent, and `<model>/<version>/model.onnx`. */
export function modelFolders(root: string, objects: FolderObjects): ModelRepository {
  return {
    async list() {
      const models: RepositoryModel[] = [];
      for (const { name } of await foldersIn(root)) models.push(await readModel(root, name, objects));
      return models;
    },
    async find(name) {
      if (!MODEL_NAME.test(name)) return undefined;
      const folders = await foldersIn(root);
      return folders.some((folder) => folder.name === name) ? readModel(root, name, objects) : undefined;
    },
  };
}

/** The resolved path of a repository. @throws ServiceError REPOSITORY_UNAVAILABLE */
export async function resolveRepository(path: string): Promise<string> {
  return reading(() => realpath(path));
}

async function readModel(root: string, name: string, objects: FolderObjects): Promise<RepositoryModel> {
  const available: number[] = [];
  try {
    if (!MODEL_NAME.test(name)) throw errors.REPOSITORY_INVALID(`no model can be named "${shorten(name)}"`);
    const folder = join(root, name);
    const entries = await readdir(folder);
    available.push(...entries.filter((entry) => VERSION_NAME.test(entry)).map(Number));
    available.sort((left, right) => left - right);
    const shared = new Map<string, ManifestFile>();
    const config = entries.includes(CONFIG_FILE) ? await readConfig(folder, shared, objects) : NO_CONFIG;
    const numbers = chooseVersions(config.versionPolicy, available);
    if (numbers.length === 0) throw errors.REPOSITORY_INVALID(`the model "${name}" has no version to serve`);
    const versions: RepositoryVersion[] = [];
    for (const number of numbers) versions.push(await readVersion(folder, number, shared, objects));
    return { name, available, versions, problem: undefined };
  } catch (error) {
    return { name, available, versions: [], problem: problemOf(error, name) };
  }
}

/** The configuration, and into `shared` its file and those that it names: all are part of every version. */
async function readConfig(
  folder: string,
  shared: Map<string, ManifestFile>,
  objects: FolderObjects,
): Promise<ModelConfig> {
  const file = await objects.look(join(folder, CONFIG_FILE));
  shared.set(CONFIG_FILE, { path: CONFIG_FILE, ...file });
  const config = parseConfigText(await objects.get(file.digest));
  for (const path of namedFiles(config)) {
    shared.set(path, { path, ...(await objects.look(join(folder, path))) });
  }
  return config;
}

/** The files of a version's folder, at any depth, beside those of the model. Hidden ones do not count. */
async function readVersion(
  folder: string,
  number: number,
  shared: ReadonlyMap<string, ManifestFile>,
  objects: FolderObjects,
): Promise<RepositoryVersion> {
  const own = join(folder, String(number));
  const files = [...shared.values()];
  for (const entry of await readdir(own, { withFileTypes: true, recursive: true })) {
    if (entry.isDirectory() || entry.name.startsWith('.')) continue;
    const path = join(entry.parentPath, entry.name);
    const { digest, sizeBytes } = await objects.look(path);
    files.push({ path: path.slice(own.length + 1), digest, sizeBytes });
  }
  const [fault] = manifestFaults(files);
  if (fault !== undefined) throw errors.REPOSITORY_INVALID(`version ${number}: ${fault.fault}`);
  return { digest: manifestDigest(files), number, files };
}

async function foldersIn(root: string): Promise<Dirent[]> {
  const entries = await reading(() => readdir(root, { withFileTypes: true }));
  return entries
    .filter((entry) => (entry.isDirectory() || entry.isSymbolicLink()) && !entry.name.startsWith('.'))
    .sort((left, right) => (left.name < right.name ? -1 : 1));
}

async function reading<T>(read: () => Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (error) {
    const { code = 'unknown' } = error as NodeJS.ErrnoException;
    throw errors.REPOSITORY_UNAVAILABLE(`the folder of models cannot be read: ${code}`, { cause: error });
  }
}

/** A folder that cannot be read, or that changes while it is, is the model's problem alone. */
function problemOf(error: unknown, name: string): ServiceError {
  if (error instanceof ServiceError) return error;
  const { code } = error as NodeJS.ErrnoException;
  if (code === undefined) throw error;
  return errors.REPOSITORY_INVALID(`the folder of "${name}" cannot be read: ${code}`, { cause: error });
}
