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
    let isOver = false;
    return {
      take: (bytes) => {
        if (isOver) throw restErrors.BODY_INCOMPLETE('the request was over before its body was in');
        if (this.#heldBytes + bytes > this.#maxBytes) {
          throw restErrors.TOO_MANY_BODY_BYTES('the server holds as many bytes of bodies as it may', {
            retryAfterMs: RETRY_AFTER_MS,
          });
        }
        own += bytes;
        this.#heldBytes += bytes;
      },
      giveBack: () => {
        isOver = true;
        this.#heldBytes -= own;
        own = 0;
      },
    };
  }
}

export interface HeldBytes {
  /** @throws ServiceError TOO_MANY_BODY_BYTES; BODY_INCOMPLETE once all was given back */
  take(bytes: number): void;
  /** The request is over: gives back all that was taken. */
  giveBack(): void;
}
