/** Time over which arrivals count, milliseconds: older ones fade. */
const MEMORY_MS = 100;

/** How many rows come per millisecond, as an exponentially fading average. */
export class ArrivalRate {
  #perMs = 0;
  #lastMs: number | undefined;

  observe(rows: number, nowMs: number): void {
    this.#perMs = this.at(nowMs) + rows / MEMORY_MS;
    this.#lastMs = nowMs;
  }

  /** Rows per millisecond; 0 before the first. */
  at(nowMs: number): number {
    return this.#lastMs === undefined ? 0 : this.#perMs * Math.exp((this.#lastMs - nowMs) / MEMORY_MS);
  }
}
