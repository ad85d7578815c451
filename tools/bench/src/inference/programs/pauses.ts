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

  private constructor() {
    this.#thread.on('message', () => this.#wake());
  }

  /** Resolves when the thread sleeps by the letter: it takes tens of milliseconds to start. */
  static async start(): Promise<Pauses> {
    const pauses = new Pauses();
    await pauses.pause(SHORTEST_MS);
    return pauses;
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
