import { sizedCall } from './encode-frame.ts';
import type { CallItem } from './items.ts';
import { firstFrame, type Sized } from './sized-item.ts';

/** A message is closed when it would pass this: about what one write of the connection moves. */
const MAX_FRAME_BYTES = 512 * 1024;
/** What may wait in memory, serialised, for a peer that does not read. */
const MAX_WAITING_BYTES = 32 * 1024 * 1024;

/**
 * Calls, and cancellations of calls, that are not sent yet, in the order they came. Adding and removing take constant
 * time, and what is removed is no longer held. An id is here once: its cancellation comes after the call has left.
 */
export class CallOutbox {
  readonly #waiting = new Map<number, Sized<CallItem>>();
  #bytes = 0;

  get isEmpty(): boolean {
    return this.#waiting.size === 0;
  }

  /** The peer does not take its calls: there should be no more until it does. */
  get isFull(): boolean {
    return this.#bytes >= MAX_WAITING_BYTES;
  }

  add(item: CallItem): void {
    const sized = sizedCall(item);
    this.#waiting.set(item.callId, sized);
    this.#bytes += sized.sizeBytes;
  }

  /** An item that is removed is never sent. Nothing happens when it has left already. */
  remove(callId: number): void {
    const sized = this.#waiting.get(callId);
    if (sized === undefined) return;
    this.#waiting.delete(callId);
    this.#bytes -= sized.sizeBytes;
  }

  /** For a stream that is over, and with it the calls that were to be cancelled on it. */
  removeCancellations(): void {
    for (const { item } of this.#waiting.values()) if (item.cancel) this.remove(item.callId);
  }

  clear(): void {
    this.#waiting.clear();
    this.#bytes = 0;
  }

  /** Removes and answers what goes into the next message. */
  take(): Sized<CallItem>[] {
    const frame = firstFrame(this.#waiting.values(), MAX_FRAME_BYTES);
    for (const { item, sizeBytes } of frame) {
      this.#waiting.delete(item.callId);
      this.#bytes -= sizeBytes;
    }
    return frame;
  }
}
