import type { Writable } from 'node:stream';
import type { IncomingCall } from './incoming-call.ts';
import type { Stallable } from './stall-watch.ts';

type Writing = Pick<Writable, 'write' | 'destroyed' | 'writableEnded' | 'on' | 'once' | 'off'>;

type Sending = Pick<IncomingCall, 'answered' | 'sent' | 'giveUp'>;

const nothing = (): void => undefined;

/** The responses of one call on their way to the client. */
export class Outgoing implements Stallable {
  dueMs: number | undefined;
  previous: Stallable | undefined;
  next: Stallable | undefined;
  readonly #call: Writing;
  #unwritten = 0;
  #unwrittenAtLook = 0;
  #whenWritten: () => void = nothing;
  #incoming: Sending | undefined;

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
   * Nothing more is written. Calls back when all is, or the call is over: an error ends the reading of requests, and where
   * the client still sends, that destroys the call with what is not written by then, the status behind it included. A
   * client that takes nothing for as long as `incoming` lets it loses the call.
   */
  whenWritten(incoming: Sending, callback: () => void): void {
    if (this.#unwritten === 0 || this.#call.destroyed) {
      callback();
      return;
    }
    this.#incoming = incoming;
    this.#whenWritten = () => {
      this.#whenWritten = nothing;
      incoming.sent(this);
      callback();
    };
    this.#call.once('close', () => this.#whenWritten());
    this.#unwrittenAtLook = this.#unwritten;
    incoming.answered(this);
  }

  /** Whether the client has taken nothing since this was asked last. */
  get isStalled(): boolean {
    const before = this.#unwrittenAtLook;
    this.#unwrittenAtLook = this.#unwritten;
    return this.#unwritten === before;
  }

  fail(): void {
    this.#incoming?.giveUp();
  }

  readonly #written = (): void => {
    if (--this.#unwritten === 0) this.#whenWritten();
  };
}
