import { fromBinary } from '@bufbuild/protobuf';
import { GoldenSetSchema, type GoldenTensor } from '@plumbline/contract-registry';
import { hasReason } from '@plumbline/errors';
import type { ObjectStore } from '@plumbline/objects';
import type { ManifestFile } from '@plumbline/release';
import { parseSignature, SignatureError, type Signature } from '@plumbline/signature';
import type { RawTensor } from '@plumbline/tensors';
import { errors } from '../domain/errors.ts';
import type { GoldenSet } from '../domain/golden.ts';
import type { ArtifactStore } from '../domain/load-version.ts';

/** Versions in the object store. Every file is read and verified, also those that serving does not need. */
export function versionArtifacts(objects: ObjectStore): ArtifactStore {
  return {
    async read(files) {
      const contents = new Map<string, Buffer>();
      for (const file of files) contents.set(file.path, await readFile(objects, file));
      const model = contents.get('model.onnx');
      if (model === undefined) throw errors.ARTIFACT_MISSING('the version has no model.onnx');
      const signature = contents.get('signature.json');
      const golden = contents.get('golden.pb');
      return {
        model,
        signature: signature && readSignature(signature),
        golden: golden && readGolden(golden),
      };
    },
  };
}

async function readFile(objects: ObjectStore, { path, digest, sizeBytes }: ManifestFile): Promise<Buffer> {
  let bytes: Buffer;
  try {
    bytes = await objects.get(digest);
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
  if (BigInt(bytes.length) === sizeBytes) return bytes;
  throw errors.ARTIFACT_CORRUPT(`${path} has ${bytes.length} bytes, the manifest says ${sizeBytes}`);
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
    return fromBinary(GoldenSetSchema, bytes);
  } catch (error) {
    throw errors.GOLDEN_MISMATCH('golden.pb is no golden set', { cause: error });
  }
}

function tensor({ name, datatype, shape, data }: GoldenTensor): RawTensor {
  return { name, datatype, shape: shape.map(Number), raw: data };
}
