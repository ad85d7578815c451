import type { Duplex } from 'node:stream';
import {
  closeExchange,
  EXCHANGED_FROM_BYTES,
  ExchangeSlots,
  fetchPlaced,
  place,
  sizeOf,
  type Slot,
} from './exchange.ts';
import { encodeFrame, FrameError, FrameReader, type Frame } from './frames.ts';
import { InOrder } from './in-order.ts';
import type { FromRunner, ToRunner } from './protocol.ts';
import { packRequest, placementOf, unpackAnswer } from './runner-frames.ts';

export interface ChannelListener {
  readonly message: (message: FromRunner) => void;
  /** What came is not what may come. Called at most once; nothing follows. */
  readonly breach: (cause: unknown) => void;
}

/** The service's end of the way to a runner process: messages in, messages out, both in order. */
export class ProcessChannel {
  readonly #socket: Duplex;
  readonly #listener: ChannelListener;
  readonly #reader = new FrameReader();
  readonly #slots = new ExchangeSlots();
  readonly #outgoing = new InOrder();
  readonly #incoming = new InOrder();
  #exchange: number | undefined;
  #broken = false;

  /** @param exchange that both ends hold; this one closes it. Without one everything goes through the socket. */
  constructor(socket: Duplex, exchange: number | undefined, listener: ChannelListener) {
    this.#socket = socket;
    this.#exchange = exchange;
    this.#listener = listener;
    socket.on('data', (chunk: Buffer) => this.#receive(chunk));
  }

  send(message: ToRunner): void {
    this.#outgoing.do(() => this.#send(message));
  }

  /** To be called when the process is gone; `then` is, after the last message that it sent. */
  end(then: () => void): void {
    this.#outgoing.do(() => {
      this.#incoming.do(() => {
        if (this.#exchange !== undefined) closeExchange(this.#exchange);
        this.#exchange = undefined;
        then();
      });
    });
  }

  #send(message: ToRunner): void | Promise<void> {
    const { head, body } = packRequest(message);
    const slot = message.kind === 'run' ? this.#slots.take(message.id, message.buffer) : undefined;
    const position = slot?.position;
    const sizeBytes = sizeOf(body);
    if (this.#exchange === undefined || position === undefined || sizeBytes < EXCHANGED_FROM_BYTES) {
      return this.#write({ ...head, position }, body);
    }
    return place(this.#exchange, body, position).then((placed) => {
      if (placed) this.#write({ ...head, position, placedBytes: sizeBytes }, []);
      else this.#write({ ...head, position }, body);
    });
  }

  #write(head: object, body: readonly Uint8Array[]): void {
    for (const part of encodeFrame(head, body)) this.#socket.write(part);
  }

  #receive(chunk: Buffer): void {
    this.#guard(() => {
      for (const frame of this.#reader.push(chunk)) this.#incoming.do(() => this.#take(frame));
    });
  }

  #take(frame: Frame): void | Promise<void> {
    return this.#guard(() => {
      const placement = placementOf(frame.head);
      if (placement === undefined) return this.#deliver(frame);
      const slot = this.#slots.of(placement.id);
      if (this.#exchange === undefined || slot === undefined) throw new FrameError('no place was given');
      const body = roomFor(placement.sizeBytes, slot);
      const target = new Uint8Array(body, 0, placement.sizeBytes);
      return fetchPlaced(this.#exchange, target, slot.position).then(
        () => this.#guard(() => this.#deliver({ ...frame, body })),
        (error: unknown) => this.#breach(error),
      );
    });
  }

  #deliver(frame: Frame): void {
    if (this.#broken) return;
    const message = unpackAnswer(frame);
    if (message.kind === 'ran' || message.kind === 'failed') this.#slots.release(message.id);
    this.#listener.message(message);
  }

  #guard<T>(take: () => T): T | undefined {
    try {
      return take();
    } catch (error) {
      this.#breach(error);
      return undefined;
    }
  }

  #breach(cause: unknown): void {
    if (this.#broken) return;
    this.#broken = true;
    this.#listener.breach(cause);
  }
}

/** The batch's own buffer where it is large enough: fresh memory costs more than the copy. */
function roomFor(sizeBytes: number, { buffer }: Slot): ArrayBuffer {
  return buffer.byteLength >= sizeBytes ? buffer : new ArrayBuffer(sizeBytes);
}
