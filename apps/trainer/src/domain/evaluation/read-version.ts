import { parseSignature, SignatureError, type ModelInput, type Signature } from '@plumbline/signature';
import { errors } from '../errors.ts';
import type { ScoredVersion } from '../training/engine.ts';
import type { StoredFile, Upstream } from '../training/ports.ts';

/** A version as it is scored, and what it was trained on. */
export interface ReadVersion extends ScoredVersion {
  readonly featureServiceVersion: number;
}

/** Reads a version's signature and locates its model. Throws VERSION_UNUSABLE and the registry's errors. */
export async function readVersion(
  model: string,
  digest: string,
  { registry, artifacts }: Upstream,
  signal: AbortSignal,
): Promise<ReadVersion> {
  const files = await registry.filesOf(model, digest, signal);
  const signature = parse(digest, await artifacts.read(fileNamed(files, 'signature.json', digest).digest));
  const [output] = signature.outputs;
  if (!output) throw unusable(digest, 'its signature has no output');
  return {
    digest,
    modelPath: await artifacts.locate(fileNamed(files, 'model.onnx', digest).digest),
    inputs: signature.inputs.map((input) => ({
      name: input.name,
      datatype: input.datatype,
      feature: featureOf(input, digest),
    })),
    output: output.name,
    featureServiceVersion: signature.featureServiceVersion,
  };
}

function parse(digest: string, content: Uint8Array): Signature {
  try {
    return parseSignature(new TextDecoder().decode(content));
  } catch (error) {
    if (error instanceof SignatureError) throw unusable(digest, error.message);
    throw error;
  }
}

function fileNamed(files: readonly StoredFile[], path: string, digest: string): StoredFile {
  const file = files.find((each) => each.path === path);
  if (!file) throw unusable(digest, `it has no ${path}`);
  return file;
}

function featureOf({ name, feature }: ModelInput, digest: string): string {
  if (feature === undefined) throw unusable(digest, `its input "${name}" comes from no feature`);
  return feature;
}

const unusable = (digest: string, problem: string): Error =>
  errors.VERSION_UNUSABLE(`version ${digest} cannot be scored: ${problem}`, {
    metadata: { version: digest },
  });
