/** Buffers of runs that are over, for runs of the same size: to get fresh memory costs more than to fill it. */
export class BufferPool {
  readonly #mostBytes: number;
  readonly #kept: ArrayBuffer[] = [];
  #keptBytes = 0;

  /** @param mostBytes that are kept at most, over all buffers. */
  constructor(mostBytes: number) {
    this.#mostBytes = mostBytes;
  }

  get keptBytes(): number {
    return this.#keptBytes;
  }

  /** A buffer of just this size, with anything in it. */
  take(sizeBytes: number): ArrayBuffer {
    const at = this.#kept.findIndex(({ byteLength }) => byteLength === sizeBytes);
    return at < 0 ? new ArrayBuffer(sizeBytes) : this.#remove(at);
  }

  /** Keeps a buffer that nobody else holds; those that have been kept longest go where there are too many. */
  give(buffer: ArrayBuffer): void {
    if (this.#kept.includes(buffer)) return;
    this.#kept.push(buffer);
    this.#keptBytes += buffer.byteLength;
    while (this.#keptBytes > this.#mostBytes) this.#remove(0);
  }

  #remove(at: number): ArrayBuffer {
    const [buffer] = this.#kept.splice(at, 1);
    if (buffer === undefined) throw new RangeError(`no buffer is kept at ${at}`);
    this.#keptBytes -= buffer.byteLength;
    return buffer;
  }
}
