import { createHash } from 'node:crypto';

/** A file of a version, named by its content. */
export interface ManifestFile {
  /** Relative, `/`-separated segments of `[A-Za-z0-9._-]`, at most 255 bytes. */
  readonly path: string;
  /** "sha256:" and 64 lower-case hex digits. */
  readonly digest: string;
  readonly sizeBytes: bigint;
}

export const MAX_MANIFEST_FILES = 256;

const DIGEST = /^sha256:[0-9a-f]{64}$/;
const SEGMENT = /^[A-Za-z0-9._-]+$/;

/** True for "sha256:" and 64 lower-case hex digits. */
export const isDigest = (text: string): boolean => DIGEST.test(text);

/** What is wrong with the files of a version, one sentence each with the index it is about; empty: nothing. */
export function manifestFaults(
  files: readonly ManifestFile[],
): { readonly index: number; readonly fault: string }[] {
  if (files.length === 0) return [{ index: 0, fault: 'a version has at least one file' }];
  if (files.length > MAX_MANIFEST_FILES) {
    return [{ index: MAX_MANIFEST_FILES, fault: `a version has at most ${MAX_MANIFEST_FILES} files` }];
  }
  const seen = new Set<string>();
  return files.flatMap((file, index) => {
    const fault = fileFault(file, seen);
    seen.add(file.path);
    return fault === undefined ? [] : [{ index, fault }];
  });
}

function fileFault({ path, digest, sizeBytes }: ManifestFile, seen: ReadonlySet<string>): string | undefined {
  if (!isSafePath(path)) {
    return `path "${path}" is not a relative path of [A-Za-z0-9._-] segments without "." and ".."`;
  }
  if (seen.has(path)) return `path "${path}" occurs twice`;
  if (!isDigest(digest)) return `digest of "${path}" is not "sha256:" and 64 lower-case hex digits`;
  if (sizeBytes < 0n) return `size of "${path}" is negative`;
  return undefined;
}

function isSafePath(path: string): boolean {
  if (path.length > 255) return false;
  return path.split('/').every((segment) => SEGMENT.test(segment) && segment !== '.' && segment !== '..');
}

/** The files in manifest order: ascending by path, compared byte by byte. */
export function sortFiles<F extends ManifestFile>(files: readonly F[]): F[] {
  return files.toSorted((a, b) => (a.path < b.path ? -1 : a.path > b.path ? 1 : 0));
}

/**
 * The manifest as RFC 8785 canonical JSON: `{"files":[{"path":…,"sha256":<hex>,"size":<bytes>},…]}`, files sorted
 * by path. Equal content gives equal bytes, whatever order the files came in. Call `manifestFaults` first: paths
 * are plain ASCII, so no escaping arises.
 */
export function canonicalManifest(files: readonly ManifestFile[]): string {
  const entries = sortFiles(files).map(
    ({ path, digest, sizeBytes }) =>
      `{"path":${JSON.stringify(path)},"sha256":"${digest.slice('sha256:'.length)}","size":${sizeBytes}}`,
  );
  return `{"files":[${entries.join(',')}]}`;
}

/** The identity of a version: "sha256:" and the SHA-256 of its canonical manifest. */
export function manifestDigest(files: readonly ManifestFile[]): string {
  return `sha256:${createHash('sha256').update(canonicalManifest(files)).digest('hex')}`;
}
