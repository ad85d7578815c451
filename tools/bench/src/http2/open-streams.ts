const FIRST_CAPACITY = 256;

/**
 * What belongs to the open streams of one HTTP/2 client, by their ids: odd numbers that ascend.
 *
 * A ring and no Map: V8 chains the tables that a busy Map grows out of, and keeps with them everything that passed
 * through (docs/adr/0010), which stopped the load process for what a server was then charged with.
 */
export class OpenStreams<T> {
  #ring: ({ readonly streamId: number; readonly value: T } | undefined)[] = slots(FIRST_CAPACITY);
  #size = 0;

  get size(): number {
    return this.#size;
  }

  add(streamId: number, value: T): void {
    while (this.#ring[this.#slotOf(streamId)] !== undefined) this.#grow();
    this.#ring[this.#slotOf(streamId)] = { streamId, value };
    this.#size += 1;
  }

  /** Undefined where no such stream is open. */
  take(streamId: number): T | undefined {
    const slot = this.#slotOf(streamId);
    const held = this.#ring[slot];
    if (held?.streamId !== streamId) return undefined;
    this.#ring[slot] = undefined;
    this.#size -= 1;
    return held.value;
  }

  /** In no order. */
  takeAll(): T[] {
    const held = this.#ring.filter((slot) => slot !== undefined);
    this.#ring = slots(FIRST_CAPACITY);
    this.#size = 0;
    return held.map(({ value }) => value);
  }

  #grow(): void {
    const held = this.#ring.filter((slot) => slot !== undefined);
    this.#ring = slots(2 * this.#ring.length);
    for (const slot of held) this.#ring[this.#slotOf(slot.streamId)] = slot;
  }

  #slotOf(streamId: number): number {
    return (streamId >>> 1) & (this.#ring.length - 1);
  }
}

const slots = (count: number): undefined[] => new Array<undefined>(count).fill(undefined);
