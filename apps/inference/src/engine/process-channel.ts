import type { Duplex } from 'node:stream';
import type { Alarm } from '../domain/within.ts';
import { EXCHANGED_FROM_BYTES } from './exchange.ts';
import { encodeFrame, FrameError, FrameReader, type Frame } from './frames.ts';
import { InOrder } from './in-order.ts';
import type { FromRunner, ToRunner } from './protocol.ts';
import { RunExchange } from './run-exchange.ts';
import { packRequest, placementOf, unpackAnswer } from './runner-frames.ts';
import { sizeOf } from './size-of.ts';

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
  readonly #exchange: RunExchange;
  readonly #outgoing = new InOrder();
  readonly #incoming = new InOrder();
  #broken = false;

  /** @param exchange that both ends hold; this one closes it. Without one everything goes through the socket. */
  constructor(socket: Duplex, exchange: number | undefined, listener: ChannelListener, alarm: Alarm) {
    this.#socket = socket;
    this.#exchange = new RunExchange(exchange, alarm, () => {
      this.#outgoing.do(() => this.#exchange.shrink());
    });
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
        this.#exchange.close();
        then();
      });
    });
  }

  #send(message: ToRunner): void | Promise<void> {
    const { head, body } = packRequest(message);
    const slot = message.kind === 'run' ? this.#exchange.take(message.id, message.buffer) : undefined;
    const position = slot?.position;
    const sizeBytes = sizeOf(body);
    if (slot === undefined || sizeBytes < EXCHANGED_FROM_BYTES) {
      return this.#write({ ...head, position }, body);
    }
    return this.#exchange.place(slot, body).then((placed) => {
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
      const slot = this.#exchange.of(placement.id);
      if (slot === undefined) throw new FrameError('no place was given');
      return this.#exchange.fetch(slot, placement.sizeBytes).then(
        (body) => this.#guard(() => this.#deliver({ ...frame, body })),
        (error: unknown) => this.#breach(error),
      );
    });
  }

  #deliver(frame: Frame): void {
    if (this.#broken) return;
    const message = unpackAnswer(frame);
    if (message.kind === 'ran' || message.kind === 'failed') this.#exchange.release(message.id);
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
