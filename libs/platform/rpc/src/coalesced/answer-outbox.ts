import { encodeAnswers, sizedAnswer } from './encode-frame.ts';
import { endOfTurn } from './end-of-turn.ts';
import type { AnswerItem } from './items.ts';
import { firstFrame, type Sized } from './sized-item.ts';

/** Past this a message is sent and the next begun, so that a large batch does not delay its first answers. */
const MAX_FRAME_BYTES = 1024 * 1024;
/** More would only fill memory for a client that does not read. */
const MAX_WAITING_ITEMS = 8_192;
const MAX_WAITING_BYTES = 16 * 1024 * 1024;

/**
 * Gathers answers and sends them many per message: all of one turn of the event loop together, and all that come while
 * the connection takes no more.
 */
export class AnswerOutbox {
  readonly #send: (frame: Buffer) => Promise<void>;
  readonly #sent: () => void;
  #bytes = 0;
  #items: Sized<AnswerItem>[] = [];
  #draining = false;
  #sending: Promise<void> | undefined;

  /**
   * `send` resolves when the connection takes more. It must not fail: a broken stream cancels its calls by itself.
   * `sent` is called when `isFull` may have changed.
   */
  constructor(send: (frame: Buffer) => Promise<void>, sent: () => void) {
    this.#send = send;
    this.#sent = sent;
  }

  /** The client does not take its answers: there should be no more calls until it does. */
  get isFull(): boolean {
    return this.#items.length >= MAX_WAITING_ITEMS || this.#bytes >= MAX_WAITING_BYTES;
  }

  add(item: AnswerItem): void {
    const sized = sizedAnswer(item);
    this.#items.push(sized);
    this.#bytes += sized.sizeBytes;
    this.#sending ??= this.#sendAll();
  }

  /** Tells the client, with the next message, that this server shuts down. */
  announceDraining(): void {
    this.#draining = true;
    this.#sending ??= this.#sendAll();
  }

  /** Resolves when everything added so far is sent. */
  async flushed(): Promise<void> {
    await this.#sending;
  }

  async #sendAll(): Promise<void> {
    while (this.#items.length > 0 || this.#draining) {
      await endOfTurn();
      const frame = encodeAnswers(this.#take(), this.#draining);
      this.#draining = false;
      await this.#send(frame);
      this.#sent();
    }
    this.#sending = undefined;
  }

  #take(): Sized<AnswerItem>[] {
    const frame = firstFrame(this.#items, MAX_FRAME_BYTES);
    this.#items.splice(0, frame.length);
    for (const { sizeBytes } of frame) this.#bytes -= sizeBytes;
    return frame;
  }
}
