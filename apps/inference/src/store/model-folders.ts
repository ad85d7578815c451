import type { Dirent } from 'node:fs';
import { readdir, realpath } from 'node:fs/promises';
import { join } from 'node:path';
import { ServiceError } from '@plumbline/errors';
import { manifestDigest, manifestFaults, type ManifestFile } from '@plumbline/release';
import { errors, shorten } from '../domain/errors.ts';
import type { ModelRepository, RepositoryModel, RepositoryVersion } from '../domain/repository.ts';
import type { FolderObjects } from './folder-objects.ts';

const MODEL_NAME = /^[A-Za-z0-9_][A-Za-z0-9._-]{0,127}$/;
const VERSION_NAME = /^[1-9]\d{0,14}$/;
const CONFIG_FILE = 'config.pbtxt';

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
  const model = { name, available: [] as number[], versions: [] as RepositoryVersion[], problem: undefined };
  try {
    if (!MODEL_NAME.test(name)) throw errors.REPOSITORY_INVALID(`no model can be named "${shorten(name)}"`);
    const folder = join(root, name);
    const entries = await readdir(folder, { withFileTypes: true });
    const available = entries.flatMap((entry) => (VERSION_NAME.test(entry.name) ? [Number(entry.name)] : []));
    model.available = available.sort((left, right) => left - right);
    const newest = model.available.at(-1);
    if (newest === undefined) throw errors.REPOSITORY_INVALID(`the model "${name}" has no version`);
    const shared = entries.some((entry) => entry.name === CONFIG_FILE)
      ? [{ path: CONFIG_FILE, ...(await objects.look(join(folder, CONFIG_FILE))) }]
      : [];
    model.versions = [await readVersion(folder, newest, shared, objects)];
    return model;
  } catch (error) {
    return { ...model, versions: [], problem: problemOf(error, name) };
  }
}

async function readVersion(
  folder: string,
  number: number,
  shared: readonly ManifestFile[],
  objects: FolderObjects,
): Promise<RepositoryVersion> {
  const own = join(folder, String(number));
  const entries = await readdir(own, { withFileTypes: true, recursive: true });
  const files: ManifestFile[] = [...shared];
  for (const entry of entries) {
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
