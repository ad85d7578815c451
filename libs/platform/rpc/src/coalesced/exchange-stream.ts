import type { ClientDuplexStream, StatusObject } from '@grpc/grpc-js';
import type { ServiceError } from '@plumbline/errors';
import { receivedFailure } from '../client/received-failure.ts';
import { rpcErrors } from '../errors.ts';
import { toServiceError } from '../status/to-service-error.ts';
import { decodeAnswers } from './decode-frame.ts';
import type { ReceivedAnswer } from './items.ts';

export type OpenStream = () => ClientDuplexStream<Buffer, Buffer>;

export interface ExchangeListener {
  answered(answers: readonly ReceivedAnswer[]): void;
  /** New calls must go elsewhere: the server drains, or the stream has ended. */
  retired(): void;
  /** No further answers come; `failure` is what calls that still wait for one get. */
  ended(failure: ServiceError): void;
}

/** One bidirectional stream of a client, from its opening to its end. */
export class ExchangeStream {
  readonly #stream: ClientDuplexStream<Buffer, Buffer>;
  readonly #listener: ExchangeListener;
  /** Resolves when no further write can succeed: grpc-js forgets the callbacks of writes to a broken stream. */
  readonly #over: Promise<void>;
  #isOver = false;
  #markOver = (): void => undefined;

  constructor(open: OpenStream, listener: ExchangeListener) {
    this.#listener = listener;
    this.#over = new Promise((resolve) => (this.#markOver = resolve));
    this.#stream = open();
    this.#stream.on('data', (frame: Buffer) => {
      this.#read(frame);
    });
    // The status event says the same, and more; an error without a listener would end the process.
    this.#stream.on('error', () => undefined);
    this.#stream.on('status', (status: StatusObject) => {
      this.#end(brokenBy(status));
    });
  }

  /** Resolves when the connection takes the next message, or never will. */
  async write(frame: Buffer): Promise<void> {
    if (this.#isOver || this.#stream.writableEnded) return;
    const taken = new Promise<void>((resolve) => {
      this.#stream.write(frame, () => {
        resolve();
      });
    });
    await Promise.race([taken, this.#over]);
  }

  cancel(): void {
    this.#stream.cancel();
  }

  #read(frame: Buffer): void {
    try {
      const { items, draining } = decodeAnswers(frame);
      this.#listener.answered(items);
      if (draining) this.#retire();
    } catch (error) {
      this.#end(toServiceError(error));
      this.#stream.cancel();
    }
  }

  /** Calls in flight finish here; ending our side tells the server that no more will come. */
  #retire(): void {
    this.#listener.retired();
    this.#stream.end();
  }

  #end(failure: ServiceError): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#markOver();
    this.#listener.retired();
    this.#listener.ended(failure);
  }
}

/** A stream that ends, even in good order, leaves calls without an answer: they are lost, not failed. */
function brokenBy(status: StatusObject): ServiceError {
  const cause = receivedFailure(status);
  return cause.codeName === 'OK' || cause.codeName === 'CANCELLED'
    ? rpcErrors.CONNECTION_LOST('the coalesced stream ended before the answer', { cause })
    : cause;
}
