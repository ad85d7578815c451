import type { Alarm } from '../src/domain/within.ts';

/** A clock that stands still until it is set, and rings what is due then, in order. */
export class ManualClock {
  #nowMs = 0;
  readonly #alarms = new Set<{ readonly atMs: number; readonly ring: () => void }>();

  get nowMs(): number {
    return this.#nowMs;
  }

  /** Instant of the next alarm; Infinity without one. */
  get nextMs(): number {
    return Math.min(...[...this.#alarms].map(({ atMs }) => atMs), Infinity);
  }

  readonly alarm: Alarm = (ms, ring) => {
    const entry = { atMs: this.#nowMs + Math.max(ms, 1), ring };
    this.#alarms.add(entry);
    return () => this.#alarms.delete(entry);
  };

  setTo(nowMs: number): void {
    for (let due = this.#due(nowMs); due !== undefined; due = this.#due(nowMs)) {
      this.#alarms.delete(due);
      this.#nowMs = Math.max(this.#nowMs, due.atMs);
      due.ring();
    }
    this.#nowMs = Math.max(this.#nowMs, nowMs);
  }

  #due(nowMs: number) {
    const sorted = [...this.#alarms].sort((left, right) => left.atMs - right.atMs);
    return sorted.find(({ atMs }) => atMs <= nowMs);
  }
}
