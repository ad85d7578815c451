import { setImmediate } from 'node:timers/promises';
import { digestOf } from '@plumbline/objects';
import { manifestDigest, manifestFaults, type ManifestFile } from '@plumbline/release';
import { errors, shorten } from '../domain/errors.ts';
import { checkName, chooseVersions, type ModelConfig } from '../domain/settings/model-config.ts';
import type { ModelOverride, RepositoryModel, RepositoryVersion } from '../domain/repository/repository.ts';
import { CONFIG_OVERRIDE_FILE, parseConfigJson } from './model-config-file.ts';

/** The name of a version's folder. */
export const VERSION_NAME = /^[1-9]\d{0,14}$/;

/** What a caller puts in the place of a model's files. */
export interface Override {
  readonly config: ModelConfig;
  /** Of every version: the configuration. */
  readonly files: readonly ManifestFile[];
  /** Of each version, where there are any. */
  readonly versions: readonly { readonly number: number; readonly files: readonly ManifestFile[] }[];
  /** Of all these files, by digest. */
  readonly contents: ReadonlyMap<string, Uint8Array>;
}

/**
 * Reads and stores nothing. Between two files others have their turn, and the work ends when the signal fires.
 * Rejects with MODEL_CONFIG_INVALID, LOAD_PARAMETER_INVALID or the signal's reason.
 */
export async function readOverride({ config, files }: ModelOverride, signal: AbortSignal): Promise<Override> {
  const bytes = Buffer.from(config, 'utf8');
  const parsed = parseConfigJson(bytes);
  const named = [...files].map(([name, content]) => ({ ...parseName(name), content }));
  const contents = new Map<string, Uint8Array>();
  const take = (path: string, content: Uint8Array): ManifestFile => {
    const digest = digestOf(content);
    contents.set(digest, content);
    return { path, digest, sizeBytes: BigInt(content.length) };
  };
  const versions = new Map<number, ManifestFile[]>();
  for (const { number, path, content } of named) {
    await setImmediate();
    signal.throwIfAborted();
    versions.set(number, [...(versions.get(number) ?? []), take(path, content)]);
  }
  return {
    config: parsed,
    files: [take(CONFIG_OVERRIDE_FILE, bytes)],
    versions: [...versions].map(([number, own]) => ({ number, files: own })),
    contents,
  };
}

/**
 * A model of nothing but what a caller brought.
 * @throws ServiceError LOAD_PARAMETER_INVALID, MODEL_CONFIG_INVALID or REPOSITORY_INVALID.
 */
export function overriddenModel(name: string, { config, files, versions }: Override): RepositoryModel {
  checkName(config, [name]);
  const numbers = chooseVersions(
    config.versionPolicy,
    versions.map(({ number }) => number),
  );
  if (numbers.length === 0)
    throw errors.LOAD_PARAMETER_INVALID('no file is of a version that the policy serves');
  const chosen = versions.filter(({ number }) => numbers.includes(number));
  return {
    name,
    versions: chosen.map((version) => versionOf(version.number, [...files, ...version.files])),
    problem: undefined,
  };
}

/** @throws ServiceError REPOSITORY_INVALID where the files cannot make a version. */
export function versionOf(number: number, files: readonly ManifestFile[]): RepositoryVersion {
  const [fault] = manifestFaults(files);
  if (fault !== undefined) throw errors.REPOSITORY_INVALID(`version ${number}: ${fault.fault}`);
  return { digest: manifestDigest(files), number, files };
}

function parseName(name: string): { readonly number: number; readonly path: string } {
  const slash = name.indexOf('/');
  const version = name.slice(0, slash);
  const path = name.slice(slash + 1);
  if (VERSION_NAME.test(version) && path !== '') return { number: Number(version), path };
  throw errors.LOAD_PARAMETER_INVALID(`"file:${shorten(name)}" is not of the form file:<version>/<name>`);
}
