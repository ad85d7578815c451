/** Does things one after the other, at once where nothing before is still being done. */
export class InOrder {
  #last: Promise<void> | undefined;

  /** @param task that handles its own errors. */
  do(task: () => void | Promise<void>): void {
    if (this.#last !== undefined) return this.#await(this.#last.then(task));
    const done = task();
    if (done !== undefined) this.#await(done);
  }

  #await(done: Promise<void>): void {
    const last = done.finally(() => {
      if (this.#last === last) this.#last = undefined;
    });
    this.#last = last;
  }
}
