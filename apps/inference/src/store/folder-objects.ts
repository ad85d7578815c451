import { createHash } from 'node:crypto';
import { createReadStream, type BigIntStats } from 'node:fs';
import { readFile, realpath, stat } from 'node:fs/promises';
import { sep } from 'node:path';
import { hasReason } from '@plumbline/errors';
import { digestOf, objectErrors, type ObjectStore } from '@plumbline/objects';
import { errors } from '../domain/errors.ts';

/** What the file system says of a file that is not there. */
const ABSENCES = ['ENOENT', 'ENOTDIR'];

/** Contents by digest, as far as versions are read. */
export type Contents = Pick<ObjectStore, 'get' | 'path'>;

interface Seen {
  readonly digest: string;
  readonly sizeBytes: bigint;
  readonly fingerprint: string;
}

/**
 * Files of a folder, read in place and found again by the digest that they had when they were looked at. A file is
 * hashed again only when its inode, size or times have changed.
 */
export class FolderObjects implements Contents {
  readonly #root: string;
  readonly #seen = new Map<string, Seen>();
  /** Several files may have one content. */
  readonly #pathsOf = new Map<string, Set<string>>();

  /** @param root resolved: links that lead out of it are refused. */
  constructor(root: string) {
    this.#root = root;
  }

  /**
   * Digest and size of a file.
   * @param check may refuse its size, in bytes, before anything of it is read.
   * @throws ServiceError REPOSITORY_INVALID for a link that leads out of the folder, and for what is no plain file.
   */
  async look(
    path: string,
    check: (sizeBytes: bigint) => void = () => undefined,
  ): Promise<{ readonly digest: string; readonly sizeBytes: bigint }> {
    const file = await realpath(path);
    if (!file.startsWith(`${this.#root}${sep}`)) {
      throw errors.REPOSITORY_INVALID(`"${path.slice(this.#root.length + 1)}" leads out of the repository`);
    }
    const status = await stat(file, { bigint: true });
    if (!status.isFile()) {
      throw errors.REPOSITORY_INVALID(`"${path.slice(this.#root.length + 1)}" is no plain file`);
    }
    check(status.size);
    const before = fingerprintOf(status);
    const known = this.#seen.get(file);
    if (known?.fingerprint === before) return { digest: known.digest, sizeBytes: known.sizeBytes };
    const hash = createHash('sha256');
    let sizeBytes = 0n;
    for await (const chunk of createReadStream(file, { highWaterMark: 1 << 18 }) as AsyncIterable<Buffer>) {
      hash.update(chunk);
      sizeBytes += BigInt(chunk.length);
    }
    const seen = { digest: `sha256:${hash.digest('hex')}`, sizeBytes, fingerprint: before };
    this.#remember(file, seen);
    return { digest: seen.digest, sizeBytes };
  }

  /** The bytes, verified. Rejects with OBJECT_NOT_FOUND or OBJECT_CORRUPT. */
  async get(digest: string): Promise<Buffer> {
    const bytes = await readFile(await this.path(digest));
    if (digestOf(bytes) !== digest) throw changed(digest);
    return bytes;
  }

  /**
   * One of the files with that content, unchanged since it was looked at. Rejects with OBJECT_NOT_FOUND or OBJECT_CORRUPT;
   * where none can be had and one cannot be asked after, with what the file system says of that.
   */
  async path(digest: string): Promise<string> {
    const paths = this.#pathsOf.get(digest);
    if (paths === undefined) throw objectErrors.OBJECT_NOT_FOUND(`no file with the digest ${digest}`);
    let unknown: Error | undefined;
    for (const path of paths) {
      try {
        const fingerprint = await fingerprintAt(path);
        if (fingerprint !== undefined && this.#seen.get(path)?.fingerprint === fingerprint) return path;
      } catch (error) {
        unknown ??= error as NodeJS.ErrnoException;
      }
    }
    throw unknown ?? changed(digest);
  }

  /**
   * Forgets every file whose content is not among these, and of several with one content those that are gone. What is
   * forgotten is hashed again when it is looked at again. A file that cannot be asked after is kept; nothing rejects.
   */
  async retain(digests: ReadonlySet<string>): Promise<void> {
    for (const [file, { digest }] of this.#seen) if (!digests.has(digest)) this.#forget(file);
    for (const paths of this.#pathsOf.values()) {
      for (const file of paths) if (paths.size > 1) await this.#forgetAbsent(file, paths);
    }
  }

  /** Files that are remembered. */
  get size(): number {
    return this.#seen.size;
  }

  #remember(file: string, seen: Seen): void {
    this.#forget(file);
    this.#seen.set(file, seen);
    this.#pathsOf.set(seen.digest, (this.#pathsOf.get(seen.digest) ?? new Set()).add(file));
  }

  /** Unless it was looked at meanwhile, or is the last of them. */
  async #forgetAbsent(file: string, paths: ReadonlySet<string>): Promise<void> {
    const seen = this.#seen.get(file);
    const isGone = await isAbsent(file);
    if (isGone && paths.size > 1 && this.#seen.get(file) === seen) this.#forget(file);
  }

  #forget(file: string): void {
    const digest = this.#seen.get(file)?.digest ?? '';
    const paths = this.#pathsOf.get(digest);
    this.#seen.delete(file);
    paths?.delete(file);
    if (paths?.size === 0) this.#pathsOf.delete(digest);
  }
}

/** Contents of the first store that knows the digest. */
export function eitherOf(first: Contents, second: Contents): Contents {
  const orSecond = async <T>(read: (from: Contents) => Promise<T>): Promise<T> => {
    try {
      return await read(first);
    } catch (error) {
      if (hasReason(error, 'OBJECT_NOT_FOUND')) return read(second);
      throw error;
    }
  };
  return {
    get: (digest) => orSecond((from) => from.get(digest)),
    path: (digest) => orSecond((from) => from.path(digest)),
  };
}

function fingerprintOf({ ino, size, mtimeNs, ctimeNs }: BigIntStats): string {
  return `${ino}:${size}:${mtimeNs}:${ctimeNs}`;
}

/** Undefined where there is no such file. Rejects where that cannot be told. */
async function fingerprintAt(file: string): Promise<string | undefined> {
  try {
    return fingerprintOf(await stat(file, { bigint: true }));
  } catch (error) {
    if (ABSENCES.includes((error as NodeJS.ErrnoException).code ?? '')) return undefined;
    throw error;
  }
}

/** Only what is certain: a file that may not be read, or whose server is away, may be back. */
async function isAbsent(file: string): Promise<boolean> {
  try {
    return (await fingerprintAt(file)) === undefined;
  } catch {
    return false;
  }
}

function changed(digest: string): Error {
  return objectErrors.OBJECT_CORRUPT(`the file with the digest ${digest} has changed`, {
    metadata: { digest },
  });
}
