import { stat } from 'node:fs/promises';
import { fromBinary } from '@bufbuild/protobuf';
import { GoldenSetSchema, type GoldenTensor } from '@plumbline/contract-registry';
import { hasReason } from '@plumbline/errors';
import type { ManifestFile } from '@plumbline/release';
import { parseSignature, SignatureError, type Signature } from '@plumbline/signature';
import type { RawTensor } from '@plumbline/tensors';
import { countElements } from '@plumbline/wire';
import { errors } from '../domain/errors.ts';
import { checkFileSize, checkFileSizes } from '../domain/loading/file-sizes.ts';
import type { GoldenSet } from '../domain/loading/golden.ts';
import type { ArtifactStore, VersionContent } from '../domain/loading/version-content.ts';
import type { FileBeside, VerifiedFile } from '../domain/runners/runner.ts';
import { namedFiles, NO_CONFIG } from '../domain/settings/model-config.ts';
import type { Contents } from './folder-objects.ts';
import {
  CONFIG_FILE,
  CONFIG_OVERRIDE_FILE,
  parseConfigJson,
  parseConfigText,
  placesIn,
} from './model-config-file.ts';

const MAX_GOLDEN_ELEMENTS = 100_000;

/** Files that are read besides those of the configuration. */
const SIGNATURE_FILE = 'signature.json';
const GOLDEN_FILE = 'golden.pb';

/**
 * Versions in the object store. Every file is verified, also those that serving does not need. The model and the files
 * beside it that may hold its data stay files, which only the thread that opens them reads into memory.
 */
export function versionArtifacts(objects: Contents): ArtifactStore {
  return {
    async read(files) {
      const configFile = configFileOf(files);
      const { config, placeOf } = await readConfig(objects, configFile);
      const modelFile = files.find(({ path }) => path === config.modelFilename);
      if (modelFile === undefined)
        throw errors.ARTIFACT_MISSING(`the version has no ${config.modelFilename}`);
      const model = await verifiedFile(objects, modelFile);
      const rest = files.filter((file) => file !== modelFile && file !== configFile);
      const named = namedFiles(config);
      const isRead = ({ path }: ManifestFile) =>
        path === SIGNATURE_FILE || path === GOLDEN_FILE || named.includes(path);
      const contents = await readFiles(objects, rest.filter(isRead));
      const besides = rest.filter((file) => !isRead(file));
      const signature = contents.get(SIGNATURE_FILE);
      const golden = contents.get(GOLDEN_FILE);
      return {
        model: { ...model, name: modelFile.path, beside: await verifiedBeside(objects, besides) },
        modelBytes: sizeOf([modelFile, ...besides]),
        signature: signature && readSignature(signature),
        golden: golden && readGolden(golden),
        config,
        placeOf,
        named: pick(contents, named),
      };
    },
  };
}

/** A caller's own configuration goes before that of the repository. */
function configFileOf(files: readonly ManifestFile[]): ManifestFile | undefined {
  const override = files.find(({ path }) => path === CONFIG_OVERRIDE_FILE);
  return override ?? files.find(({ path }) => path === CONFIG_FILE);
}

async function readConfig(
  objects: Contents,
  file: ManifestFile | undefined,
): Promise<Pick<VersionContent, 'config' | 'placeOf'>> {
  const nowhere = () => undefined;
  if (file === undefined) return { config: NO_CONFIG, placeOf: nowhere };
  checkFileSize(file);
  const bytes = await readFile(objects, file);
  return file.path === CONFIG_OVERRIDE_FILE
    ? { config: parseConfigJson(bytes), placeOf: nowhere }
    : { config: parseConfigText(bytes), placeOf: placesIn(bytes) };
}

async function readFiles(objects: Contents, files: readonly ManifestFile[]): Promise<Map<string, Buffer>> {
  checkFileSizes(files);
  const contents = new Map<string, Buffer>();
  for (const file of files) contents.set(file.path, await readFile(objects, file));
  return contents;
}

async function verifiedBeside(objects: Contents, files: readonly ManifestFile[]): Promise<FileBeside[]> {
  const beside: FileBeside[] = [];
  for (const file of files) beside.push({ ...(await verifiedFile(objects, file)), name: file.path });
  return beside;
}

function sizeOf(files: readonly ManifestFile[]): number {
  return files.reduce((sum, { sizeBytes }) => sum + Number(sizeBytes), 0);
}

/** @throws ServiceError ARTIFACT_MISSING naming a file that the configuration names and the version lacks. */
function pick(contents: ReadonlyMap<string, Buffer>, paths: readonly string[]): Map<string, Buffer> {
  return new Map(
    paths.map((path) => {
      const bytes = contents.get(path);
      if (bytes === undefined)
        throw errors.ARTIFACT_MISSING(`the version has no ${path}, which its configuration names`);
      return [path, bytes];
    }),
  );
}

async function verifiedFile(objects: Contents, file: ManifestFile): Promise<VerifiedFile> {
  const path = await verified(file, () => objects.path(file.digest));
  checkSize(file, (await stat(path)).size);
  return { path, digest: file.digest };
}

/** Read only once it is known to be as long as the manifest says, which has been held against what it may be. */
async function readFile(objects: Contents, file: ManifestFile): Promise<Buffer> {
  await verifiedFile(objects, file);
  return verified(file, () => objects.get(file.digest));
}

async function verified<T>({ path, digest }: ManifestFile, read: () => Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (error) {
    const metadata = { path, digest };
    if (hasReason(error, 'OBJECT_NOT_FOUND')) {
      throw errors.ARTIFACT_MISSING(`${path} is not in the object store`, { metadata, cause: error });
    }
    if (!hasReason(error, 'OBJECT_CORRUPT')) throw error;
    throw errors.ARTIFACT_CORRUPT(`the stored ${path} is not what its digest says`, {
      metadata,
      cause: error,
    });
  }
}

function checkSize({ path, sizeBytes }: ManifestFile, found: number): void {
  if (BigInt(found) === sizeBytes) return;
  throw errors.ARTIFACT_CORRUPT(`${path} has ${found} bytes, the manifest says ${sizeBytes}`);
}

function readSignature(bytes: Buffer): Signature {
  try {
    return parseSignature(bytes.toString('utf8'));
  } catch (error) {
    if (!(error instanceof SignatureError)) throw error;
    throw errors.SIGNATURE_MISMATCH(error.message, { cause: error });
  }
}

function readGolden(bytes: Buffer): GoldenSet {
  const { cases, absoluteTolerance } = decodeGolden(bytes);
  if (cases.length === 0) throw errors.GOLDEN_MISMATCH('golden.pb has no cases');
  return {
    absoluteTolerance,
    cases: cases.map(({ inputs, outputs }) => ({ inputs: inputs.map(tensor), outputs: outputs.map(tensor) })),
  };
}

function decodeGolden(bytes: Buffer) {
  try {
    countElements(GoldenSetSchema, bytes, MAX_GOLDEN_ELEMENTS);
    return fromBinary(GoldenSetSchema, bytes);
  } catch (error) {
    throw errors.GOLDEN_MISMATCH('golden.pb is no golden set', { cause: error });
  }
}

function tensor({ name, datatype, shape, data }: GoldenTensor): RawTensor {
  return { name, datatype, shape: shape.map(Number), raw: data };
}
