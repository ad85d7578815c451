const MAX_IDS = 1_000;

/**
 * Streams that this side ended before their requests were complete, as far as they are recent: what their client had
 * sent by then still comes, and is no fault of its own (RFC 9113, section 5.1, "closed").
 */
export class RecentIds {
  readonly #ids = new Set<number>();

  add(id: number): void {
    this.#ids.add(id);
    if (this.#ids.size <= MAX_IDS) return;
    for (const oldest of this.#ids) {
      this.#ids.delete(oldest);
      return;
    }
  }

  has(id: number): boolean {
    return this.#ids.has(id);
  }
}
