import { mkdir, open, readFile, rename } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Snapshot, SnapshotStore } from './snapshot-follower.ts';

/** How a snapshot lies on disk. */
export interface SnapshotCodec<S> {
  readonly encode: (snapshot: S) => Uint8Array;
  /** Throws where the bytes are no snapshot. */
  readonly decode: (bytes: Uint8Array) => S;
}

/**
 * The last snapshot in a file that only this user may read, replaced atomically: a crash leaves the old one or the new
 * one. `onUnreadable` is told of a file that exists and holds no snapshot; the replica then waits for the source. One
 * process owns the file.
 */
export function snapshotFile<S extends Snapshot>(
  path: string,
  { encode, decode }: SnapshotCodec<S>,
  onUnreadable: (error: unknown) => void,
): SnapshotStore<S> {
  return {
    async load() {
      try {
        return decode(await readFile(path));
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'ENOENT') onUnreadable(error);
        return undefined;
      }
    },
    async save(snapshot) {
      await mkdir(dirname(path), { recursive: true, mode: 0o700 });
      const draft = `${path}.new`;
      const file = await open(draft, 'w', 0o600);
      try {
        await file.writeFile(encode(snapshot));
        await file.datasync();
      } finally {
        await file.close();
      }
      await rename(draft, path);
    },
  };
}
