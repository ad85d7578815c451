import type { ServiceError } from '@plumbline/errors';
import { rpcErrors } from '../errors.ts';

/** A call that owes us bytes. */
export interface Stallable {
  /** False while it is we who do not read. */
  readonly isRead: boolean;
  fail(error: ServiceError): void;
}

/** Fails calls whose request does not come. All wait equally long, so that one timer, for the oldest, serves all. */
export class StallWatch {
  readonly #stallMs: number;
  /** When each is due, the earliest first. */
  readonly #due = new Map<Stallable, number>();
  #timer: NodeJS.Timeout | undefined;

  constructor(stallMs: number) {
    this.#stallMs = stallMs;
  }

  /** Starts the time of a call, anew if it is watched already. */
  watch(call: Stallable): void {
    this.#due.delete(call);
    this.#due.set(call, performance.now() + this.#stallMs);
    this.#timer ??= this.#wait(this.#stallMs);
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
      if (call.isRead) this.#fail(call);
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
