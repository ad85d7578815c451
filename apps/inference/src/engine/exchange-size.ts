/** Kept although nothing needs it: memory that is there already makes runs faster. */
export const KEPT_BYTES = 16 * 2 ** 20;
/** So many runs in a row that need little make what one needed too much. */
export const SMALL_RUNS = 64;
/** Little: at most this part of what the largest place holds. */
const SMALL_PART = 1 / 8;

/** How far an exchange has grown, and whether what it holds is still needed. */
export class ExchangeSize {
  /** Bytes up to which something was placed, by place. */
  readonly #reached = new Map<number, number>();
  #heldBytes = 0;
  #largestBytes = 0;
  #smallRuns = 0;

  /** Memory that the exchange takes. */
  get heldBytes(): number {
    return this.#heldBytes;
  }

  /** Whether it holds more than is worth keeping for runs that may come. */
  get excessive(): boolean {
    return this.#heldBytes > KEPT_BYTES;
  }

  /** Whether it holds far more than the runs of late have needed. */
  get outgrown(): boolean {
    return this.excessive && this.#smallRuns >= SMALL_RUNS;
  }

  /** Something is placed there. */
  place(position: number, sizeBytes: number): void {
    const reached = this.#reached.get(position) ?? 0;
    if (sizeBytes > this.#largestBytes * SMALL_PART) this.#smallRuns = 0;
    this.#largestBytes = Math.max(this.#largestBytes, sizeBytes);
    if (sizeBytes <= reached) return;
    this.#reached.set(position, sizeBytes);
    this.#heldBytes += sizeBytes - reached;
  }

  /** A run has ended, which placed what it had. */
  endRun(): void {
    this.#smallRuns++;
  }

  /** Nothing is held any more. */
  clear(): void {
    this.#reached.clear();
    this.#heldBytes = 0;
    this.#largestBytes = 0;
    this.#smallRuns = 0;
  }
}
