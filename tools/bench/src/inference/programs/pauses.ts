import { Worker } from 'node:worker_threads';

/** Below it, a way to the thread and back costs more than it is worth. */
const SHORTEST_MS = 0.2;

/**
 * Pauses that are exact to a tenth of a millisecond, which Node's timers, with their whole milliseconds, are not: a
 * thread sleeps and says when it is time. One pause at a time.
 */
export class Pauses {
  readonly #thread = new Worker(new URL('pause-thread.ts', import.meta.url));
  #wake: () => void = () => undefined;

  constructor() {
    this.#thread.on('message', () => this.#wake());
  }

  pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve;
      this.#thread.postMessage(Math.max(ms, SHORTEST_MS));
    });
  }

  async close(): Promise<void> {
    await this.#thread.terminate();
  }
}
