/**
 * Whether this replica may be sent requests: from the first moment that every listed version answers or has failed,
 * until it stops. A release that loads one more version takes nothing out of service.
 */
export class Readiness {
  readonly #isSettled: () => boolean;
  readonly #stopping: Pick<AbortSignal, 'aborted'>;
  #settled = false;

  /** @param stopping aborted when the replica begins to stop. */
  constructor(isSettled: () => boolean, stopping: Pick<AbortSignal, 'aborted'>) {
    this.#isSettled = isSettled;
    this.#stopping = stopping;
  }

  get ready(): boolean {
    return this.#settled && !this.#stopping.aborted;
  }

  /** Call when something may have changed. */
  look(): void {
    this.#settled ||= this.#isSettled();
  }
}
