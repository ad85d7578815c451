import { LinkedLine, type Linked } from '@plumbline/collections';
import type { ServiceError } from '@plumbline/errors';
import { rpcErrors } from '../errors.ts';

/** A call whose client owes us something: bytes of its request, or to take its answer. */
export interface Stallable extends Linked<Stallable> {
  /** By `performance.now()`, while it is watched; kept by the watch. */
  dueMs: number | undefined;
  /** Whether it is the client that let its time pass; false gives it as much again. */
  readonly isStalled: boolean;
  fail(error: ServiceError): void;
}

/** Fails calls whose clients do not do their part. All wait equally long, so that one timer, for the oldest, serves all. */
export class StallWatch {
  readonly #stallMs: number;
  /** The first is due first. */
  readonly #line = new LinkedLine<Stallable>();
  #timer: NodeJS.Timeout | undefined;

  constructor(stallMs: number) {
    this.#stallMs = stallMs;
  }

  /** Starts the time of a call, anew if it is watched already. Answers when it ends, by `performance.now()`. */
  watch(call: Stallable): number {
    const dueMs = performance.now() + this.#stallMs;
    this.settle(call);
    call.dueMs = dueMs;
    this.#line.append(call);
    this.#timer ??= this.#wait(this.#stallMs);
    return dueMs;
  }

  settle(call: Stallable): void {
    if (call.dueMs === undefined) return;
    call.dueMs = undefined;
    this.#line.remove(call);
  }

  #wait(delayMs: number): NodeJS.Timeout {
    return setTimeout(() => {
      this.#expire();
    }, delayMs).unref();
  }

  /** The timer of the past stays in its place meanwhile, so that calls which are given more time set none. */
  #expire(): void {
    const nowMs = performance.now();
    for (let call = this.#due(nowMs); call !== undefined; call = this.#due(nowMs)) {
      if (call.isStalled) this.#fail(call);
      else this.watch(call);
    }
    const oldestMs = this.#line.first?.dueMs;
    this.#timer = oldestMs === undefined ? undefined : this.#wait(Math.max(1, Math.ceil(oldestMs - nowMs)));
  }

  #due(nowMs: number): Stallable | undefined {
    const { first } = this.#line;
    return first?.dueMs !== undefined && first.dueMs <= nowMs ? first : undefined;
  }

  #fail(call: Stallable): void {
    this.settle(call);
    call.fail(rpcErrors.REQUEST_STALLED(`the client did not do its part within ${this.#stallMs} ms`));
  }
}
