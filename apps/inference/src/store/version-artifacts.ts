import { stat } from 'node:fs/promises';
import { fromBinary } from '@bufbuild/protobuf';
import { GoldenSetSchema, type GoldenTensor } from '@plumbline/contract-registry';
import { hasReason } from '@plumbline/errors';
import type { ManifestFile } from '@plumbline/release';
import { parseSignature, SignatureError, type Signature } from '@plumbline/signature';
import type { RawTensor } from '@plumbline/tensors';
import { countElements } from '@plumbline/wire';
import { errors } from '../domain/errors.ts';
import type { GoldenSet } from '../domain/loading/golden.ts';
import type { ArtifactStore } from '../domain/loading/load-version.ts';
import { namedFiles, NO_CONFIG, type ModelConfig } from '../domain/settings/model-config.ts';
import type { Contents } from './folder-objects.ts';
import { CONFIG_FILE, CONFIG_OVERRIDE_FILE, parseConfigJson, parseConfigText } from './model-config-file.ts';

const MAX_GOLDEN_ELEMENTS = 100_000;

/**
 * Versions in the object store. Every file is verified, also those that serving does not need; the model stays a
 * file, which only the thread that opens it reads into memory.
 */
export function versionArtifacts(objects: Contents): ArtifactStore {
  return {
    async read(files) {
      const contents = new Map<string, Buffer>();
      const config = await readConfig(objects, files, contents);
      const model = files.find(({ path }) => path === config.modelFilename);
      if (model === undefined) throw errors.ARTIFACT_MISSING(`the version has no ${config.modelFilename}`);
      const path = await verifiedPath(objects, model);
      for (const file of files) {
        if (file !== model && !contents.has(file.path))
          contents.set(file.path, await readFile(objects, file));
      }
      const signature = contents.get('signature.json');
      const golden = contents.get('golden.pb');
      return {
        model: { path, digest: model.digest },
        modelBytes: Number(model.sizeBytes),
        signature: signature && readSignature(signature),
        golden: golden && readGolden(golden),
        config,
        named: pick(contents, namedFiles(config)),
      };
    },
  };
}

/** A caller's own configuration goes before that of the repository; without either everything is open. */
async function readConfig(
  objects: Contents,
  files: readonly ManifestFile[],
  contents: Map<string, Buffer>,
): Promise<ModelConfig> {
  const override = files.find(({ path }) => path === CONFIG_OVERRIDE_FILE);
  const file = override ?? files.find(({ path }) => path === CONFIG_FILE);
  if (file === undefined) return NO_CONFIG;
  const bytes = await readFile(objects, file);
  contents.set(file.path, bytes);
  return override === undefined ? parseConfigText(bytes) : parseConfigJson(bytes);
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

async function verifiedPath(objects: Contents, file: ManifestFile): Promise<string> {
  const path = await verified(file, () => objects.path(file.digest));
  checkSize(file, (await stat(path)).size);
  return path;
}

async function readFile(objects: Contents, file: ManifestFile): Promise<Buffer> {
  const bytes = await verified(file, () => objects.get(file.digest));
  checkSize(file, bytes.length);
  return bytes;
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
