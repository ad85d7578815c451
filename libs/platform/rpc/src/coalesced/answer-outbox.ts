import { encodeAnswers, sizedAnswer } from './encode-frame.ts';
import { endOfTurn } from './end-of-turn.ts';
import type { AnswerItem } from './items.ts';
import { firstFrame, type Sized } from './sized-item.ts';

/** Past this a message is sent and the next begun, so that a large batch does not delay its first answers. */
const MAX_FRAME_BYTES = 1024 * 1024;
/**
 * So many answers are sent while further ones are still being made, so that the client works meanwhile: with 128 calls
 * in flight from one client, 1.3 times as many a second as when client and server wait for each other's last.
 */
const FULL_FRAME_ITEMS = 64;
/** More would only fill memory for a client that does not read. */
const MAX_WAITING_ITEMS = 8_192;
const MAX_WAITING_BYTES = 16 * 1024 * 1024;

/**
 * Gathers answers and sends them many per message: a full one at once, the rest of a turn of the event loop at its end,
 * and all that come while the connection takes no more when it does.
 */
export class AnswerOutbox {
  readonly #send: (frame: Buffer) => Promise<void>;
  readonly #sent: () => void;
  #bytes = 0;
  #items: Sized<AnswerItem>[] = [];
  #draining = false;
  #sending: Promise<void> | undefined;
  /** Set while the connection has not taken the message sent last. */
  #untaken: Promise<void> | undefined;

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
    if (this.#items.length >= FULL_FRAME_ITEMS && this.#untaken === undefined) this.#sendFrame();
    else this.#sending ??= this.#sendAll();
  }

  /** Tells the client, with the next message, that this server shuts down. */
  announceDraining(): void {
    this.#draining = true;
    this.#sending ??= this.#sendAll();
  }

  /** Resolves when everything added so far is sent. */
  async flushed(): Promise<void> {
    await this.#sending;
    await this.#untaken;
  }

  async #sendAll(): Promise<void> {
    while (this.#items.length > 0 || this.#draining) {
      await endOfTurn();
      await this.#untaken;
      this.#sendFrame();
    }
    this.#sending = undefined;
  }

  #sendFrame(): void {
    if (this.#items.length === 0 && !this.#draining) return;
    const frame = encodeAnswers(this.#take(), this.#draining);
    this.#draining = false;
    this.#untaken = this.#send(frame).then(() => {
      this.#untaken = undefined;
      this.#sent();
    });
  }

  #take(): Sized<AnswerItem>[] {
    const frame = firstFrame(this.#items, MAX_FRAME_BYTES);
    this.#items.splice(0, frame.length);
    for (const { sizeBytes } of frame) this.#bytes -= sizeBytes;
    return frame;
  }
}
