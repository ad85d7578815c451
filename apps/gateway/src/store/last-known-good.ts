import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/**
 * The newest snapshot that was acted by, kept on disk so that a gateway which starts while the registry is away goes on
 * with it. Replaced atomically.
 */
export class LastKnownGood {
  readonly #path: string;

  constructor(directory: string) {
    this.#path = join(directory, 'traffic-snapshot.pb');
  }

  /** The encoded snapshot; undefined where there is none yet. */
  async load(): Promise<Buffer | undefined> {
    try {
      return await readFile(this.#path);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
      throw error;
    }
  }

  async save(snapshot: Uint8Array): Promise<void> {
    await mkdir(join(this.#path, '..'), { recursive: true, mode: 0o700 });
    await writeFile(`${this.#path}.new`, snapshot, { mode: 0o600 });
    await rename(`${this.#path}.new`, this.#path);
  }
}
