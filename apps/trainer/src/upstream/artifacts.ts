import type { ObjectStore } from '@plumbline/objects';
import type { Artifacts } from '../domain/training/ports.ts';

/** The object store. Every read verifies its digest. */
export function artifacts(objects: ObjectStore): Artifacts {
  return {
    async put(path, content) {
      const { digest, sizeBytes } = await objects.put(content);
      return { path, digest, sizeBytes: BigInt(sizeBytes) };
    },
    read: (digest) => objects.get(digest),
    locate: (digest) => objects.path(digest),
  };
}
