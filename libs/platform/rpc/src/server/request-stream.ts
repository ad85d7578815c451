import type { Http2Stream } from '@plumbline/http2';
import type { ServiceError } from '@plumbline/errors';
import { rpcErrors } from '../errors.ts';
import type { IncomingCall } from './incoming-call.ts';
import { SingleMessage } from './single-message.ts';

/** Bytes of messages that wait for the handler before the client has to wait as well. */
const READ_AHEAD_BYTES = 65_536;

const nothing = (): void => undefined;

/** The requests of a streaming call, cut from what its stream brings, one after the other as the handler takes them. */
export class RequestStream {
  readonly #stream: Http2Stream;
  readonly #incoming: IncomingCall;
  readonly #maxBytes: number;
  /** Oldest first; the last may still be coming. */
  readonly #messages: SingleMessage[] = [];
  #coming: SingleMessage | undefined;
  #waitingBytes = 0;
  #unconsumedBytes = 0;
  #isEnded = false;
  #failure: ServiceError | undefined;
  #wake: () => void = nothing;

  constructor(stream: Http2Stream, incoming: IncomingCall, maxBytes: number) {
    this.#stream = stream;
    this.#incoming = incoming;
    this.#maxBytes = maxBytes;
  }

  data(chunk: Buffer): void {
    const ended = this.#incoming.arrived(chunk);
    if (ended === undefined || this.#failure !== undefined) {
      this.#stream.consumed(chunk.length);
      return;
    }
    this.#unconsumedBytes += chunk.length;
    this.#waitingBytes += chunk.length;
    let start = 0;
    for (const bytes of ended) {
      this.#write(chunk.subarray(start, start + bytes));
      start += bytes;
      this.#coming?.end();
      this.#coming = undefined;
    }
    if (start < chunk.length) this.#write(chunk.subarray(start));
    this.#consume();
    this.#wake();
  }

  end(): void {
    this.#incoming.ended();
    this.#coming?.end();
    this.#isEnded = true;
    this.#wake();
  }

  /** No more requests will come: who waits for one, or asks for a further one, is told why. */
  fail(failure: ServiceError): void {
    this.#failure ??= failure;
    for (const message of this.#messages.splice(0)) message.fail(failure);
    this.#wake();
  }

  /** To be iterated once. @throws ServiceError what SingleMessage refuses, and the failure */
  async *messages(): AsyncGenerator<Buffer> {
    for (;;) {
      const [message] = this.#messages;
      if (message !== undefined) {
        const bytes = await message.received();
        this.#taken(message, bytes.length);
        yield bytes;
      } else if (this.#failure !== undefined) {
        throw this.#failure;
      } else if (this.#isEnded) {
        return;
      } else {
        await new Promise<void>((resolve) => (this.#wake = resolve));
        this.#wake = nothing;
      }
    }
  }

  /** The one request of a call that may bring no other. @throws ServiceError WRONG_MESSAGE_COUNT, and as `messages` */
  async only(): Promise<Buffer> {
    let only: Buffer | undefined;
    for await (const request of this.messages()) {
      if (only !== undefined) throw rpcErrors.WRONG_MESSAGE_COUNT('the call brings more than one request');
      only = request;
    }
    if (only === undefined) throw rpcErrors.WRONG_MESSAGE_COUNT('the call brings no request');
    return only;
  }

  #write(piece: Buffer): void {
    if (this.#coming === undefined) {
      const encoding = this.#stream.headers.get('grpc-encoding');
      this.#coming = new SingleMessage(this.#maxBytes, encoding, this.#incoming);
      this.#messages.push(this.#coming);
    }
    this.#coming.write(piece);
  }

  #taken(message: SingleMessage, bytes: number): void {
    if (this.#messages[0] === message) this.#messages.shift();
    this.#incoming.taken();
    this.#waitingBytes = this.#messages.length === 0 ? 0 : Math.max(0, this.#waitingBytes - bytes);
    this.#consume();
  }

  /** The message that is still coming is let in whatever its length: its handler can take it only once it is whole. */
  #consume(): void {
    const isWhole = this.#messages.length > 1 || this.#coming === undefined;
    if (isWhole && this.#waitingBytes > READ_AHEAD_BYTES) return;
    this.#stream.consumed(this.#unconsumedBytes);
    this.#unconsumedBytes = 0;
  }
}
