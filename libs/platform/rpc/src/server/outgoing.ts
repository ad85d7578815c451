import type { Writable } from 'node:stream';

type Writing = Pick<Writable, 'write' | 'destroyed' | 'writableEnded' | 'on' | 'once' | 'off'>;

/** The responses of one call on their way to the client. */
export class Outgoing {
  readonly #call: Writing;
  #unwritten = 0;
  #whenWritten: () => void = () => undefined;

  constructor(call: Writing) {
    this.#call = call;
  }

  /** Resolves when the call takes more, or is over: then the context says so. */
  write(response: Buffer): Promise<void> {
    const call = this.#call;
    return new Promise((resolve) => {
      if (call.destroyed || call.writableEnded) {
        resolve();
        return;
      }
      this.#unwritten++;
      if (call.write(response, this.#written)) {
        resolve();
        return;
      }
      const proceed = (): void => {
        call.off('drain', proceed).off('close', proceed);
        resolve();
      };
      call.on('drain', proceed).on('close', proceed);
    });
  }

  /**
   * Calls back when all is written, or the call is over. An error ends the reading of requests, and where the client still
   * sends, that destroys the call with what is not written by then, the status behind it included.
   */
  whenWritten(callback: () => void): void {
    if (this.#unwritten === 0 || this.#call.destroyed) {
      callback();
      return;
    }
    this.#whenWritten = () => {
      this.#whenWritten = () => undefined;
      callback();
    };
    this.#call.once('close', () => this.#whenWritten());
  }

  readonly #written = (): void => {
    if (--this.#unwritten === 0) this.#whenWritten();
  };
}
