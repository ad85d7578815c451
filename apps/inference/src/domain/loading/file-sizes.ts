import { errors } from '../errors.ts';

const MIB = 1024 * 1024;

/** Files that are read into memory, by path; of the others, labels are lists of words and the rest are tensors. */
const MAX_BYTES: Readonly<Record<string, number>> = {
  'config.pbtxt': MIB,
  'override.config.json': MIB,
  'signature.json': MIB,
  'golden.pb': 64 * MIB,
};
const MAX_WARMUP_BYTES = 64 * MIB;
const MAX_LABELS_BYTES = 8 * MIB;
const MAX_TOTAL_BYTES = 256 * MIB;

/** A file of a version, as its manifest or its folder says. */
interface FileSize {
  readonly path: string;
  readonly sizeBytes: bigint;
}

/**
 * Holds a file that is read into memory, which the model and what lies beside it are not, against its bound.
 * @throws ServiceError ARTIFACT_TOO_LARGE
 */
export function checkFileSize({ path, sizeBytes }: FileSize): void {
  const mostBytes = MAX_BYTES[path] ?? (path.startsWith('warmup/') ? MAX_WARMUP_BYTES : MAX_LABELS_BYTES);
  if (sizeBytes <= BigInt(mostBytes)) return;
  throw errors.ARTIFACT_TOO_LARGE(`${path} has ${sizeBytes} bytes; it may have ${mostBytes}`);
}

/** The same for all such files of a version. @throws ServiceError ARTIFACT_TOO_LARGE */
export function checkFileSizes(files: readonly FileSize[]): void {
  for (const file of files) checkFileSize(file);
  const bytes = files.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0n);
  if (bytes > BigInt(MAX_TOTAL_BYTES)) {
    throw errors.ARTIFACT_TOO_LARGE(
      `the files that are read besides the model have ${bytes} bytes together; they may have ${MAX_TOTAL_BYTES}`,
    );
  }
}
