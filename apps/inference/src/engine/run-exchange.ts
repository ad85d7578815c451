import type { Alarm } from '../domain/within.ts';
import { closeExchange, emptyExchange, ExchangeSlots, fetchPlaced, place, type Slot } from './exchange.ts';
import { ExchangeSize } from './exchange-size.ts';
import { sizeOf } from './size-of.ts';

/** So long without a run, and what the exchange holds is given back. */
export const IDLE_MS = 1_000;

/**
 * The service's end of an exchange: gives each run a place, and the memory back that is not needed any more. A file can
 * only be cut at its end, so it is emptied whole, between runs. Where runs never pause, but are small after a large one,
 * none is given a place until those under way have ended: meanwhile they go through the socket.
 */
export class RunExchange {
  readonly #slots = new ExchangeSlots();
  readonly #size = new ExchangeSize();
  readonly #alarm: Alarm;
  readonly #onDue: () => void;
  #exchange: number | undefined;
  #calm: () => void = () => undefined;

  /**
   * @param exchange closed by this one; undefined: no run is given a place.
   * @param onDue to call `shrink` soon, while nothing is being placed.
   */
  constructor(exchange: number | undefined, alarm: Alarm, onDue: () => void) {
    this.#exchange = exchange;
    this.#alarm = alarm;
    this.#onDue = onDue;
  }

  /** Undefined where there is no place: then everything must go another way. */
  take(run: number, buffer: ArrayBuffer): Slot | undefined {
    this.#calm();
    return this.#exchange === undefined || this.#size.outgrown ? undefined : this.#slots.take(run, buffer);
  }

  of(run: number): Slot | undefined {
    return this.#slots.of(run);
  }

  /** Resolves to false where there is no room. */
  async place({ position }: Slot, body: readonly Uint8Array[]): Promise<boolean> {
    if (this.#exchange === undefined) return false;
    this.#size.place(position, sizeOf(body));
    return place(this.#exchange, body, position);
  }

  /** What the other end has placed. @throws FrameError where that is less, or there is no exchange. */
  async fetch(slot: Slot, sizeBytes: number): Promise<ArrayBuffer> {
    this.#size.place(slot.position, sizeBytes);
    const body = roomFor(sizeBytes, slot);
    await fetchPlaced(this.#exchange ?? -1, new Uint8Array(body, 0, sizeBytes), slot.position);
    return body;
  }

  /** The run has been answered. */
  release(run: number): void {
    this.#slots.release(run);
    this.#size.endRun();
    this.#calm();
    if (!this.#slots.free || !this.#size.excessive) return;
    if (this.#size.outgrown) this.#onDue();
    else this.#calm = this.#alarm(IDLE_MS, this.#onDue);
  }

  /** Gives the memory back, unless a run has a place. */
  async shrink(): Promise<void> {
    if (this.#exchange === undefined || !this.#slots.free) return;
    // Where it stays, it is counted again as it is used, and tried again.
    this.#size.clear();
    await emptyExchange(this.#exchange);
  }

  close(): void {
    this.#calm();
    if (this.#exchange !== undefined) closeExchange(this.#exchange);
    this.#exchange = undefined;
  }
}

/** The batch's own buffer where it is large enough: fresh memory costs more than the copy. */
function roomFor(sizeBytes: number, { buffer }: Slot): ArrayBuffer {
  return buffer.byteLength >= sizeBytes ? buffer : new ArrayBuffer(sizeBytes);
}
