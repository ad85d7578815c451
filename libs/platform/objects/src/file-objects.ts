import { createHash, randomUUID } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, open, readFile, rename, rm, stat, type FileHandle } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { ServiceError } from '@plumbline/errors';
import { digestOf, parseDigest } from './digest.ts';
import { errors } from './errors.ts';
import type { Content, Digest, ObjectStore, StoredObject } from './object-store.ts';

/**
 * Objects as files: `<directory>/sha256/ab/cd…`. A file appears by an atomic rename after its bytes are synced, so
 * a crash leaves either the whole object or none (and perhaps a leftover under `incoming/`). Several processes
 * may share the directory.
 */
export function fileObjects(directory: string): ObjectStore {
  const verified = new Map<Digest, number>();
  const fileOf = (digest: Digest): string => join(directory, 'sha256', digest.slice(7, 9), digest.slice(9));

  return {
    put: (content) => guarded(() => write(directory, content, fileOf)),
    async get(text) {
      const digest = parseDigest(text);
      const bytes = await guarded(() => readFile(fileOf(digest)), digest);
      if (digestOf(bytes) !== digest) throw corrupt(digest);
      return bytes;
    },
    open(text) {
      const digest = parseDigest(text);
      return verifiedChunks(fileOf(digest), digest);
    },
    async has(text) {
      const digest = parseDigest(text);
      try {
        await guarded(() => stat(fileOf(digest)), digest);
        return true;
      } catch (error) {
        if (error instanceof ServiceError && error.reason === 'OBJECT_NOT_FOUND') return false;
        throw error;
      }
    },
    async path(text) {
      const digest = parseDigest(text);
      const file = fileOf(digest);
      const { mtimeMs } = await guarded(() => stat(file), digest);
      if (verified.get(digest) !== mtimeMs) {
        for await (const _chunk of verifiedChunks(file, digest));
        verified.set(digest, mtimeMs);
      }
      return file;
    },
    async remove(text) {
      await guarded(() => rm(fileOf(parseDigest(text)), { force: true }));
    },
  };
}

async function write(
  directory: string,
  content: Content,
  fileOf: (digest: Digest) => string,
): Promise<StoredObject> {
  const incoming = join(directory, 'incoming');
  await mkdir(incoming, { recursive: true });
  const draft = join(incoming, randomUUID());
  try {
    const stored = await writeDraft(draft, content);
    const file = fileOf(stored.digest);
    await mkdir(dirname(file), { recursive: true });
    await rename(draft, file);
    await syncDirectory(dirname(file));
    return stored;
  } finally {
    await rm(draft, { force: true });
  }
}

async function writeDraft(draft: string, content: Content): Promise<StoredObject> {
  const hash = createHash('sha256');
  let sizeBytes = 0;
  const file = await open(draft, 'wx', 0o644);
  try {
    for await (const chunk of content instanceof Uint8Array ? [content] : content) {
      hash.update(chunk);
      sizeBytes += chunk.byteLength;
      await writeAll(file, chunk);
    }
    await file.datasync();
  } finally {
    await file.close();
  }
  return { digest: `sha256:${hash.digest('hex')}`, sizeBytes };
}

async function writeAll(file: FileHandle, chunk: Uint8Array): Promise<void> {
  for (let offset = 0; offset < chunk.byteLength;) {
    offset += (await file.write(chunk, offset)).bytesWritten;
  }
}

/** Makes a rename survive a power failure. */
async function syncDirectory(path: string): Promise<void> {
  const handle = await open(path, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

async function* verifiedChunks(file: string, digest: Digest): AsyncGenerator<Buffer> {
  const hash = createHash('sha256');
  try {
    for await (const chunk of createReadStream(file, { highWaterMark: 1 << 20 }) as AsyncIterable<Buffer>) {
      hash.update(chunk);
      yield chunk;
    }
  } catch (error) {
    throw translate(error, digest);
  }
  if (`sha256:${hash.digest('hex')}` !== digest) throw corrupt(digest);
}

async function guarded<T>(work: () => Promise<T>, digest?: Digest): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw translate(error, digest);
  }
}

const STORAGE_FAILURES = new Set([
  'EACCES',
  'EPERM',
  'EROFS',
  'EIO',
  'EMFILE',
  'ENFILE',
  'ENOTDIR',
  'ESTALE',
]);

/** Errors of the content's own source pass unchanged. */
function translate(error: unknown, digest: Digest | undefined): unknown {
  const { code } = error as NodeJS.ErrnoException;
  if (code === 'ENOENT' && digest) {
    return errors.OBJECT_NOT_FOUND(`no object ${digest}`, { metadata: { digest }, cause: error });
  }
  if (code === 'ENOSPC' || code === 'EDQUOT') {
    return errors.OBJECT_STORE_FULL('the object store has no space left', { cause: error });
  }
  if (STORAGE_FAILURES.has(code ?? '')) {
    return errors.OBJECT_STORE_UNAVAILABLE('the object store cannot be read or written', { cause: error });
  }
  return error;
}

function corrupt(digest: Digest): ServiceError {
  return errors.OBJECT_CORRUPT(`the stored bytes of ${digest} do not match it`, { metadata: { digest } });
}
