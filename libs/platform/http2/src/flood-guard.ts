import { ConnectionError, ErrorCode } from './error-codes.ts';

/** What a client may do at once, and from then on a second, of what costs us something and brings it nothing. */
const BURST = 4_096;
const PER_SECOND = 1_024;

/**
 * Counts frames that a client need not send: resets of its own calls (CVE-2023-44487), pings, settings, empty data,
 * CONTINUATION (CVE-2024-27316). A client that floods loses its connection.
 */
export class FloodGuard {
  readonly #now: () => number;
  #left = BURST;
  #atMs: number;

  /** @param now milliseconds that only grow */
  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
    this.#atMs = now();
  }

  /** @throws ConnectionError */
  count(what: string): void {
    if (--this.#left >= 0) return;
    const nowMs = this.#now();
    this.#left = Math.min(BURST, Math.floor(((nowMs - this.#atMs) / 1_000) * PER_SECOND)) - 1;
    this.#atMs = nowMs;
    if (this.#left < 0) throw new ConnectionError(ErrorCode.ENHANCE_YOUR_CALM, `too many ${what}`);
  }
}
