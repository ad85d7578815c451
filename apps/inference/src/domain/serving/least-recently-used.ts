interface Entry<T> {
  readonly value: T;
  readonly bytes: number;
}

/**
 * Values by key in a bounded number of bytes; to make room, those go whose last use is longest ago. The order of use is
 * the order of insertion of a Map, which is all that an LRU needs.
 */
export class LeastRecentlyUsed<T> {
  readonly #maxBytes: number;
  readonly #entries = new Map<string, Entry<T>>();
  #bytes = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  get bytes(): number {
    return this.#bytes;
  }

  get size(): number {
    return this.#entries.size;
  }

  get(key: string): T | undefined {
    const entry = this.#entries.get(key);
    if (entry === undefined) return undefined;
    this.#entries.delete(key);
    this.#entries.set(key, entry);
    return entry.value;
  }

  /** Replaces the value of the key. One larger than the bound is not kept, nor what it would have replaced. */
  set(key: string, value: T, bytes: number): void {
    this.delete(key);
    if (bytes > this.#maxBytes) return;
    this.#entries.set(key, { value, bytes });
    this.#bytes += bytes;
    for (const oldest of this.#entries.keys()) {
      if (this.#bytes <= this.#maxBytes) return;
      this.delete(oldest);
    }
  }

  delete(key: string): void {
    const entry = this.#entries.get(key);
    if (entry === undefined) return;
    this.#entries.delete(key);
    this.#bytes -= entry.bytes;
  }

  /** Deletes every value that the predicate holds for. */
  deleteWhere(holds: (value: T) => boolean): void {
    for (const [key, { value }] of this.#entries) if (holds(value)) this.delete(key);
  }
}
