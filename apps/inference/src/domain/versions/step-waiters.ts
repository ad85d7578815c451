/** Those who wait for something that only a further step can bring about. */
export class StepWaiters {
  readonly #wakes = new Set<() => void>();

  /** Resolves once the test holds, which is made again after every step; rejects with the signal's reason. */
  async until(test: () => boolean, signal: AbortSignal): Promise<void> {
    while (!test()) {
      signal.throwIfAborted();
      await new Promise<void>((resolve) => {
        const wake = () => {
          this.#wakes.delete(wake);
          signal.removeEventListener('abort', wake);
          resolve();
        };
        this.#wakes.add(wake);
        signal.addEventListener('abort', wake);
      });
    }
  }

  /** To be called after every step. */
  wake(): void {
    for (const wake of [...this.#wakes]) wake();
  }
}
