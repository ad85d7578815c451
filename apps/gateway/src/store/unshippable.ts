import { mkdir, open, readdir, stat, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { FRAME_HEADER_BYTES, frame } from '../domain/spool-frame.ts';

/**
 * Where records stay that audit will never take as they are: one file per reason, `<REASON>.spool`, in the format of the
 * spool, so that one moved back there is offered again. Never read by this process.
 */
export class Unshippable {
  readonly #directory: string;
  readonly #maxBytes: number;
  #bytes: number;

  private constructor(directory: string, maxBytes: number, bytes: number) {
    this.#directory = directory;
    this.#maxBytes = maxBytes;
    this.#bytes = bytes;
  }

  /** Opens the directory and counts what it holds. */
  static async open(directory: string, maxBytes: number): Promise<Unshippable> {
    await mkdir(directory, { recursive: true, mode: 0o700 });
    const files = await Promise.all((await readdir(directory)).map((name) => stat(join(directory, name))));
    return new Unshippable(
      directory,
      maxBytes,
      files.reduce((sum, { size }) => sum + size, 0),
    );
  }

  /** Bytes kept. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Resolves with true once the entry is on disk, with false where it would exceed the bound and was not kept. */
  async keep(reason: string, entry: Uint8Array): Promise<boolean> {
    const size = entry.length + FRAME_HEADER_BYTES;
    if (this.#bytes + size > this.#maxBytes) return false;
    const file = await open(join(this.#directory, `${reason}.spool`), 'a', 0o600);
    try {
      await appendWhole(file, frame(entry));
    } finally {
      await file.close();
    }
    this.#bytes += size;
    return true;
  }
}

/** Appends all or nothing: behind half a frame, no other could be read. */
async function appendWhole(file: FileHandle, framed: Buffer): Promise<void> {
  const { size } = await file.stat();
  try {
    await file.appendFile(framed);
    await file.sync();
  } catch (error) {
    await file.truncate(size);
    throw error;
  }
}
