/**
 * Whether this replica may be sent requests: from the first moment that every listed version answers or has failed,
 * and then for good. A release that loads one more version takes nothing out of service.
 */
export class Readiness {
  readonly #isSettled: () => boolean;
  readonly #onReady: () => void;
  #ready = false;

  constructor(isSettled: () => boolean, onReady: () => void) {
    this.#isSettled = isSettled;
    this.#onReady = onReady;
  }

  get ready(): boolean {
    return this.#ready;
  }

  /** Call when something may have changed. */
  look(): void {
    if (this.#ready || !this.#isSettled()) return;
    this.#ready = true;
    this.#onReady();
  }
}
