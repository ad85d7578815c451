import { hasReason } from '@plumbline/errors';
import type { ObjectStore } from '@plumbline/objects';
import type { ManifestFile } from '@plumbline/release';
import { errors } from './errors.ts';

/** Files that serving and monitoring need of every version. */
const REQUIRED_FILES: readonly string[] = [
  'model.onnx',
  'signature.json',
  'baseline.pb',
  'golden.pb',
  'metadata.json',
];

/**
 * Reads every file of a version again, whoever uploaded it, and compares digest and size with the claim.
 *
 * @throws ServiceError VERSION_INCOMPLETE, ARTIFACT_NOT_FOUND, ARTIFACT_CORRUPT
 */
export async function verifyArtifacts(
  objects: Pick<ObjectStore, 'open'>,
  files: readonly ManifestFile[],
  signal: AbortSignal,
): Promise<void> {
  const paths = new Set(files.map(({ path }) => path));
  const lacking = REQUIRED_FILES.filter((path) => !paths.has(path));
  if (lacking.length > 0) {
    throw errors.VERSION_INCOMPLETE(`the version lacks ${lacking.join(', ')}`, {
      fieldViolations: lacking.map((path) => ({ field: 'files', description: `lacks ${path}` })),
    });
  }
  for (const file of files) await verifyFile(objects, file, signal);
}

async function verifyFile(
  objects: Pick<ObjectStore, 'open'>,
  { path, digest, sizeBytes }: ManifestFile,
  signal: AbortSignal,
): Promise<void> {
  const metadata = { path, digest };
  const stored = await readSize(objects, digest, signal).catch((cause: unknown) => {
    if (hasReason(cause, 'OBJECT_NOT_FOUND')) {
      throw errors.ARTIFACT_NOT_FOUND(`${path} (${digest}) is not in the object store`, { metadata, cause });
    }
    if (hasReason(cause, 'OBJECT_CORRUPT')) {
      throw errors.ARTIFACT_CORRUPT(`${path} in the object store is not ${digest}`, { metadata, cause });
    }
    throw cause;
  });
  if (stored === sizeBytes) return;
  throw errors.ARTIFACT_CORRUPT(`${path} has ${stored} bytes, not ${sizeBytes}`, { metadata });
}

/** Bytes under the digest; the object store compares them with it as they are read. */
async function readSize(
  objects: Pick<ObjectStore, 'open'>,
  digest: string,
  signal: AbortSignal,
): Promise<bigint> {
  let sizeBytes = 0n;
  for await (const chunk of objects.open(digest)) {
    signal.throwIfAborted();
    sizeBytes += BigInt(chunk.byteLength);
  }
  return sizeBytes;
}
