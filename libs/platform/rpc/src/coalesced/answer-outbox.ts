import { encodeAnswers } from './encode-frame.ts';
import { endOfTurn } from './end-of-turn.ts';
import type { AnswerItem } from './items.ts';

/** Past this a message is sent and the next begun, so that a large batch does not delay its first answers. */
const MAX_FRAME_BYTES = 1024 * 1024;

/**
 * Gathers answers and sends them many per message: all of one turn of the event loop together, and all that come while
 * the connection takes no more.
 */
export class AnswerOutbox {
  readonly #send: (frame: Buffer) => Promise<void>;
  #items: AnswerItem[] = [];
  #draining = false;
  #sending: Promise<void> | undefined;

  /** `send` resolves when the connection takes more. It must not fail: a broken stream cancels its calls by itself. */
  constructor(send: (frame: Buffer) => Promise<void>) {
    this.#send = send;
  }

  add(item: AnswerItem): void {
    this.#items.push(item);
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
      const frame = encodeAnswers({ items: this.#take(), draining: this.#draining });
      this.#draining = false;
      await this.#send(frame);
    }
    this.#sending = undefined;
  }

  #take(): AnswerItem[] {
    let bytes = 0;
    const end = this.#items.findIndex((item, index) => {
      bytes += item.payload.length;
      return index > 0 && bytes > MAX_FRAME_BYTES;
    });
    if (end !== -1) return this.#items.splice(0, end);
    const all = this.#items;
    this.#items = [];
    return all;
  }
}
