import type { ServiceError } from '@plumbline/errors';
import { rpcErrors } from '../errors.ts';

/** A call whose client owes us something: bytes of its request, or to take its answer. */
export interface Stallable {
  /** Whether it is the client that let its time pass; false gives it as much again. */
  readonly isStalled: boolean;
  fail(error: ServiceError): void;
}

/** Fails calls whose clients do not do their part. All wait equally long, so that one timer, for the oldest, serves all. */
export class StallWatch {
  readonly #stallMs: number;
  /** When each is due, the earliest first. */
  readonly #due = new Map<Stallable, number>();
  #timer: NodeJS.Timeout | undefined;

  constructor(stallMs: number) {
    this.#stallMs = stallMs;
  }

  /** Starts the time of a call, anew if it is watched already. Answers when it ends, by `performance.now()`. */
  watch(call: Stallable): number {
    const dueMs = performance.now() + this.#stallMs;
    this.#due.delete(call);
    this.#due.set(call, dueMs);
    this.#timer ??= this.#wait(this.#stallMs);
    return dueMs;
  }

  settle(call: Stallable): void {
    this.#due.delete(call);
  }

  #wait(delayMs: number): NodeJS.Timeout {
    return setTimeout(() => {
      this.#expire();
    }, delayMs).unref();
  }

  /** The timer of the past stays in its place meanwhile, so that calls which are given more time set none. */
  #expire(): void {
    const nowMs = performance.now();
    for (const [call, dueMs] of this.#due) {
      if (dueMs > nowMs) break;
      if (call.isStalled) this.#fail(call);
      else this.watch(call);
    }
    const [oldestMs] = this.#due.values();
    this.#timer = oldestMs === undefined ? undefined : this.#wait(Math.max(1, Math.ceil(oldestMs - nowMs)));
  }

  #fail(call: Stallable): void {
    this.#due.delete(call);
    call.fail(rpcErrors.REQUEST_STALLED(`the request did not come within ${this.#stallMs} ms`));
  }
}
