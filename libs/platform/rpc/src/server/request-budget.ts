/** Calls that hold more than this leave a quarter of the budget to those that hold less. */
const SMALL_CALL_BYTES = 64 * 1024;

/** The bytes of requests that one process holds. */
export class RequestBudget {
  readonly #maxBytes: number;
  #heldBytes = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  get heldBytes(): number {
    return this.#heldBytes;
  }

  /** Takes `bytes` for a call that will then hold `callBytes`. False, and nothing taken, when they are too many. */
  take(bytes: number, callBytes: number): boolean {
    const heldBytes = this.#heldBytes + bytes;
    const maxBytes = callBytes > SMALL_CALL_BYTES ? this.#maxBytes * 0.75 : this.#maxBytes;
    if (heldBytes > maxBytes) return false;
    this.#heldBytes = heldBytes;
    return true;
  }

  giveBack(bytes: number): void {
    this.#heldBytes -= bytes;
  }
}
