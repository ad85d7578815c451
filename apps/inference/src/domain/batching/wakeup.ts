import type { Alarm } from '../within.ts';

/** One alarm for many reasons: it rings at the earliest instant asked for since it last rang. */
export class Wakeup {
  readonly #nowMs: () => number;
  readonly #alarm: Alarm;
  readonly #ring: () => void;
  #atMs = Infinity;
  #cancel: () => void = () => undefined;

  constructor(nowMs: () => number, alarm: Alarm, ring: () => void) {
    this.#nowMs = nowMs;
    this.#alarm = alarm;
    this.#ring = ring;
  }

  /** Rings by then; timers count whole milliseconds, so up to one before. */
  by(atMs: number): void {
    if (atMs >= this.#atMs) return;
    this.#cancel();
    this.#atMs = atMs;
    this.#cancel = this.#alarm(Math.max(Math.floor(atMs - this.#nowMs()), 0), () => {
      this.#atMs = Infinity;
      this.#ring();
    });
  }

  /** Rings no more until asked again. */
  cancel(): void {
    this.#cancel();
    this.#atMs = Infinity;
  }
}
