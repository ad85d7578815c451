import { randomUUID } from 'node:crypto';
import { mkdir, open, readFile, rename } from 'node:fs/promises';
import { dirname } from 'node:path';
import { fromBinary, toBinary } from '@bufbuild/protobuf';
import { TrafficSnapshotSchema } from '@plumbline/contract-registry';
import type { ListingStore } from '../domain/traffic.ts';
import { listingOf, snapshotOf } from './listing-snapshot.ts';

/**
 * The last listing in a file, replaced atomically: a crash leaves the old one or the new one. `onUnreadable` is told
 * of a file that exists and holds no listing; the replica then waits for the registry.
 */
export function listingFile(path: string, onUnreadable: (error: unknown) => void): ListingStore {
  return {
    async load() {
      try {
        return listingOf(fromBinary(TrafficSnapshotSchema, await readFile(path)));
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'ENOENT') onUnreadable(error);
        return undefined;
      }
    },
    async save(listing) {
      await mkdir(dirname(path), { recursive: true });
      const draft = `${path}.${randomUUID()}`;
      const file = await open(draft, 'wx');
      try {
        await file.writeFile(toBinary(TrafficSnapshotSchema, snapshotOf(listing)));
        await file.datasync();
      } finally {
        await file.close();
      }
      await rename(draft, path);
    },
  };
}
