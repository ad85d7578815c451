import type { ServiceError } from '@plumbline/errors';
import type { ServerCallContext } from '../context/server-call-context.ts';
import { rpcErrors } from '../errors.ts';
import { MessageFraming } from './message-framing.ts';
import type { RequestBudget } from './request-budget.ts';
import type { StallWatch, Stallable } from './stall-watch.ts';

export interface IncomingCallOptions {
  /** The `grpc-timeout` header, as received. */
  readonly timeout: string | undefined;
  readonly budget: RequestBudget;
  readonly stalls: StallWatch;
}

/** What each piece of a message costs besides its bytes, so that pieces of one byte are not free. */
const PIECE_BYTES = 128;
const RETRY_AFTER_MS = 1_000;

const NO_MESSAGES: number[] = [];

/** The receiving side of one call, from its headers on: accounts for its bytes and sees that they come. */
export class IncomingCall implements Stallable {
  readonly timeout: string | undefined;
  dueMs: number | undefined;
  previous: Stallable | undefined;
  next: Stallable | undefined;
  readonly #options: IncomingCallOptions;
  #context: Pick<ServerCallContext, 'cancel'> | undefined;
  #heldBytes = 0;
  #isOver = false;
  /** Of request streams only: a single request is held as long as its call. */
  #framing: MessageFraming | undefined;
  /** What each whole message holds that the handler has not taken, oldest first; the last entry is still coming. */
  #messages: number[] = NO_MESSAGES;

  constructor(options: IncomingCallOptions) {
    this.timeout = options.timeout;
    this.#options = options;
  }

  /** Of a stream whose handler has not taken what came, it is not the client that one waits for. */
  get isStalled(): boolean {
    return this.#messages.length < 2;
  }

  /** From now on the call can fail, and stalls if nothing comes. A stream of requests gives back each that is taken. */
  open(context: Pick<ServerCallContext, 'cancel'>, isStream: boolean): void {
    this.#context = context;
    if (isStream) {
      this.#framing = new MessageFraming();
      this.#messages = [0];
    }
    this.#options.stalls.watch(this);
  }

  /**
   * Undefined when the bytes must not be kept: the call has failed. Of a stream of requests, how many of them belong to
   * each message that ends in them.
   */
  arrived(chunk: Buffer): readonly number[] | undefined {
    if (this.#isOver || !this.#hold(chunk.length + PIECE_BYTES)) return undefined;
    return this.#framing === undefined ? NO_MESSAGES : this.#follow(this.#framing, chunk);
  }

  /** The answer is on its way: `sending` is asked, from the instant that this answers on, whether it has stalled. */
  answered(sending: Stallable): number {
    return this.#options.stalls.watch(sending);
  }

  /** The answer has left, or never will. */
  sent(sending: Stallable): void {
    this.#options.stalls.settle(sending);
  }

  /** No more bytes will come. */
  ended(): void {
    this.#options.stalls.settle(this);
  }

  /** The single request turns out to be this long so far, decompressed. False when it must not be kept. */
  unpacked(bytes: number): boolean {
    return !this.#isOver && (bytes <= this.#heldBytes || this.#hold(bytes - this.#heldBytes));
  }

  /** The handler took the oldest message of the stream. */
  taken(): void {
    if (this.#messages.length > 1) this.#giveBack(this.#messages.shift() ?? 0);
  }

  fail(error: ServiceError): void {
    this.#context?.cancel(error);
  }

  close(): void {
    this.#isOver = true;
    this.ended();
    this.#messages = NO_MESSAGES;
    this.#giveBack(this.#heldBytes);
  }

  #hold(bytes: number): boolean {
    if (this.#options.budget.take(bytes, this.#heldBytes + bytes)) {
      this.#heldBytes += bytes;
      return true;
    }
    this.#isOver = true;
    this.fail(
      rpcErrors.TOO_MANY_REQUEST_BYTES('the server holds as many bytes of requests as it may', {
        retryAfterMs: RETRY_AFTER_MS,
      }),
    );
    return false;
  }

  #giveBack(bytes: number): void {
    this.#heldBytes -= bytes;
    this.#options.budget.giveBack(bytes);
  }

  #follow(framing: MessageFraming, chunk: Buffer): readonly number[] {
    const wasInMessage = framing.isInMessage;
    const ended = framing.write(chunk);
    const messages = this.#messages;
    let restBytes = chunk.length + PIECE_BYTES;
    for (const bytes of ended) {
      messages[messages.length - 1] = (messages.at(-1) ?? 0) + bytes;
      messages.push(0);
      restBytes -= bytes;
    }
    messages[messages.length - 1] = (messages.at(-1) ?? 0) + restBytes;
    if (!framing.isInMessage) this.#options.stalls.settle(this);
    else if (!wasInMessage || ended.length > 0) this.#options.stalls.watch(this);
    return ended;
  }
}
