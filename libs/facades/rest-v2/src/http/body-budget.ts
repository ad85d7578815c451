import { restErrors } from '../errors.ts';

const RETRY_AFTER_MS = 1_000;

/** Bytes of bodies that a process holds together. */
export class BodyBudget {
  readonly #maxBytes: number;
  #heldBytes = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  get heldBytes(): number {
    return this.#heldBytes;
  }

  /** An account of one request. */
  open(): HeldBytes {
    let own = 0;
    return {
      take: (bytes) => {
        if (this.#heldBytes + bytes > this.#maxBytes) {
          throw restErrors.TOO_MANY_BODY_BYTES('the server holds as many bytes of bodies as it may', {
            retryAfterMs: RETRY_AFTER_MS,
          });
        }
        own += bytes;
        this.#heldBytes += bytes;
      },
      giveBack: () => {
        this.#heldBytes -= own;
        own = 0;
      },
    };
  }
}

export interface HeldBytes {
  /** @throws ServiceError TOO_MANY_BODY_BYTES */
  take(bytes: number): void;
  /** Gives back all that was taken. */
  giveBack(): void;
}
