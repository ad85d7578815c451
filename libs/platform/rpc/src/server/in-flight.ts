import type { ServiceError } from '@plumbline/errors';
import { LinkedLine } from '@plumbline/collections';
import type { ServerCallContext } from '../context/server-call-context.ts';

/** The calls that a server is working on: what a drain waits for and, when patience ends, cancels. */
export class InFlightCalls {
  readonly #line = new LinkedLine<ServerCallContext>();
  #size = 0;
  #idle: (() => void)[] = [];
  #ended: ServiceError | undefined;

  get size(): number {
    return this.#size;
  }

  /** A context is in one such group at a time. */
  enter(context: ServerCallContext): void {
    this.#line.append(context);
    this.#size++;
    if (this.#ended !== undefined) context.cancel(this.#ended);
  }

  /** One that has left, or never came, changes nothing. */
  leave(context: ServerCallContext): void {
    if (!this.#line.remove(context) || --this.#size > 0) return;
    const waiting = this.#idle;
    this.#idle = [];
    for (const resolve of waiting) resolve();
  }

  /** Resolves when no call is left. */
  whenIdle(): Promise<void> {
    if (this.#size === 0) return Promise.resolve();
    return new Promise((resolve) => this.#idle.push(resolve));
  }

  /** Cancels these calls, and from now on every further one as it enters. */
  cancelAll(error: ServiceError): void {
    this.#ended = error;
    for (const context of this.#all()) context.cancel(error);
  }

  #all(): ServerCallContext[] {
    const contexts: ServerCallContext[] = [];
    for (let context = this.#line.first; context !== undefined; context = context.next)
      contexts.push(context);
    return contexts;
  }
}
