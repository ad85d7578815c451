import type { ServiceError } from '@plumbline/errors';
import type { ServerCallContext } from '../context/server-call-context.ts';

/** The calls that a server is working on: what a drain waits for and, when patience ends, cancels. */
export class InFlightCalls {
  readonly #contexts = new Set<ServerCallContext>();
  #idle: (() => void)[] = [];
  #ended: ServiceError | undefined;

  get size(): number {
    return this.#contexts.size;
  }

  enter(context: ServerCallContext): void {
    this.#contexts.add(context);
    if (this.#ended !== undefined) context.cancel(this.#ended);
  }

  leave(context: ServerCallContext): void {
    this.#contexts.delete(context);
    if (this.#contexts.size > 0) return;
    const waiting = this.#idle;
    this.#idle = [];
    for (const resolve of waiting) resolve();
  }

  /** Resolves when no call is left. */
  whenIdle(): Promise<void> {
    if (this.#contexts.size === 0) return Promise.resolve();
    return new Promise((resolve) => this.#idle.push(resolve));
  }

  /** Cancels these calls, and from now on every further one as it enters. */
  cancelAll(error: ServiceError): void {
    this.#ended = error;
    for (const context of [...this.#contexts]) context.cancel(error);
  }
}
