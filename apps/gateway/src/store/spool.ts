import { mkdir, open, readdir, readFile, rm, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { errors } from '../domain/errors.ts';
import { frame, FRAME_HEADER_BYTES, readFrames } from '../domain/spool-frame.ts';

export interface SpoolOptions {
  readonly directory: string;
  /** Unshipped bytes at which append refuses. */
  readonly maxBytes: number;
  /** Bytes after which a new segment file begins. */
  readonly segmentBytes?: number;
  /** Longest time between an append and its fsync. */
  readonly fsyncWithinMs?: number;
  /** Told of failures that no caller waits for: of syncs, and of shipping when it begins to fail. */
  readonly onTrouble: (error: unknown, problem: string) => void;
}

interface Segment {
  readonly path: string;
  readonly file: FileHandle | undefined;
  bytes: number;
  unshipped: number;
}

interface Pending {
  readonly entry: Uint8Array;
  readonly segment: Segment;
}

/**
 * Records that wait for audit, on local disk: written to the page cache before append resolves (which outlives any
 * kill of the process) and fsynced within 100 ms (which outlives the host but for that moment). Entries are shipped in
 * order, at least once; a segment file is deleted when all of it has been shipped. One process owns a directory.
 */
export class Spool {
  readonly #options: Required<SpoolOptions>;
  readonly #pending: Pending[] = [];
  #current: Segment | undefined;
  #nextSegment = 1;
  #bytes = 0;
  #writing: Promise<void> = Promise.resolve();
  #fsyncTimer: NodeJS.Timeout | undefined;
  #wake: (() => void) | undefined;
  #closed = false;

  private constructor(options: SpoolOptions) {
    this.#options = { segmentBytes: 16 * 1024 * 1024, fsyncWithinMs: 100, ...options };
  }

  /** Opens the directory and finds what an earlier process left unshipped. */
  static async open(options: SpoolOptions): Promise<Spool> {
    const spool = new Spool(options);
    await mkdir(options.directory, { recursive: true, mode: 0o700 });
    await spool.#recover();
    return spool;
  }

  /** Entries that have not been shipped yet. */
  get backlog(): number {
    return this.#pending.length;
  }

  /** Resolves once the entry is written. @throws SPOOL_FULL. */
  async append(entry: Uint8Array): Promise<void> {
    const size = entry.length + FRAME_HEADER_BYTES;
    if (this.#closed || this.#bytes + size > this.#options.maxBytes) {
      throw errors.SPOOL_FULL(`the record spool holds ${this.#bytes} of ${this.#options.maxBytes} bytes`, {
        retryAfterMs: 1_000,
      });
    }
    this.#bytes += size;
    const written = this.#writing.then(() => this.#write(entry, size));
    // A failed write is the failed append's alone; those after it try for themselves.
    this.#writing = written.then(
      () => undefined,
      () => undefined,
    );
    return written.catch((cause: unknown) => {
      this.#bytes -= size;
      throw errors.SPOOL_FULL('the record spool cannot be written', { cause, retryAfterMs: 1_000 });
    });
  }

  /**
   * Ships entries in order until closed: `ship` must resolve only when the entry is safe elsewhere; where it throws, the
   * same entries are offered again after `retryMs`.
   */
  async shipTo(
    ship: (entries: readonly Uint8Array[]) => Promise<void>,
    batch: number,
    retryMs: number,
  ): Promise<void> {
    let failing = false;
    while (!this.#closed) {
      const entries = this.#pending.slice(0, batch);
      if (entries.length === 0) {
        await this.#appended();
        continue;
      }
      try {
        await ship(entries.map(({ entry }) => entry));
        await this.#shipped(entries.length);
        failing = false;
      } catch (error) {
        if (!failing && !this.#closed) this.#options.onTrouble(error, 'records wait in the spool');
        failing = true;
        await this.#pause(retryMs);
      }
    }
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#wake?.();
    clearTimeout(this.#fsyncTimer);
    await this.#writing;
    if (this.#current !== undefined) await this.#retire(this.#current);
  }

  async #write(entry: Uint8Array, size: number): Promise<void> {
    const segment = await this.#segmentFor(size);
    try {
      await segment.file?.appendFile(frame(entry));
    } catch (error) {
      // What was written of the entry must stay the segment's tail: frames behind it would never be read again.
      await this.#retire(segment);
      throw error;
    }
    segment.bytes += size;
    segment.unshipped += 1;
    this.#pending.push({ entry, segment });
    this.#fsyncTimer ??= setTimeout(() => this.#sync(), this.#options.fsyncWithinMs);
    this.#wake?.();
  }

  async #segmentFor(size: number): Promise<Segment> {
    const current = this.#current;
    if (current !== undefined) {
      if (current.bytes + size <= this.#options.segmentBytes) return current;
      await this.#retire(current);
    }
    const path = join(this.#options.directory, `${String(this.#nextSegment++).padStart(12, '0')}.spool`);
    this.#current = { path, file: await open(path, 'a', 0o600), bytes: 0, unshipped: 0 };
    return this.#current;
  }

  /** Writes no more to the segment, whatever becomes of its last bytes. */
  async #retire(segment: Segment): Promise<void> {
    this.#current = undefined;
    try {
      await segment.file?.sync();
    } finally {
      await segment.file?.close();
      if (segment.unshipped === 0) await remove(segment.path);
    }
  }

  #sync(): void {
    this.#fsyncTimer = undefined;
    this.#writing = this.#writing.then(async () => {
      const segment = this.#current;
      try {
        await segment?.file?.sync();
      } catch (error) {
        this.#options.onTrouble(error, 'the record spool cannot be synced to disk');
        if (segment !== undefined)
          await this.#retire(segment).catch((cause: unknown) => this.#reportRetiring(cause));
      }
    });
  }

  #reportRetiring(error: unknown): void {
    this.#options.onTrouble(error, 'a segment of the record spool cannot be closed in order');
  }

  async #shipped(count: number): Promise<void> {
    const emptied = new Set<string>();
    for (const { entry, segment } of this.#pending.splice(0, count)) {
      this.#bytes -= entry.length + FRAME_HEADER_BYTES;
      segment.unshipped -= 1;
      if (segment.unshipped === 0 && segment !== this.#current) emptied.add(segment.path);
    }
    for (const path of emptied) await remove(path);
  }

  async #recover(): Promise<void> {
    const names = (await readdir(this.#options.directory)).filter((name) => name.endsWith('.spool')).sort();
    for (const name of names) {
      const path = join(this.#options.directory, name);
      const entries = readFrames(await readFile(path));
      const segment: Segment = { path, file: undefined, bytes: 0, unshipped: entries.length };
      if (entries.length === 0) await remove(path);
      for (const entry of entries) {
        this.#pending.push({ entry, segment });
        this.#bytes += entry.length + FRAME_HEADER_BYTES;
      }
      this.#nextSegment = Number.parseInt(name, 10) + 1;
    }
  }

  #appended(): Promise<void> {
    if (this.#closed || this.#pending.length > 0) return Promise.resolve();
    return new Promise((resolve) => (this.#wake = resolve));
  }

  #pause(milliseconds: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, milliseconds);
      this.#wake = () => {
        if (!this.#closed) return;
        clearTimeout(timer);
        resolve();
      };
    });
  }
}

/** Retiring and shipping may both find a segment empty. */
async function remove(path: string): Promise<void> {
  await rm(path, { force: true });
}
