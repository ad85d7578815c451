/**
 * Counts distinct ids by 64 bits of a cryptographic digest of each, in 16 bytes of memory per id: an open-addressing
 * table that never has to be sorted or copied at once, so that counting can pause between pages. Two ids in 10 million
 * share their 64 bits with a probability of 3 in a million; the count is then one too small.
 */
export class DistinctCounter {
  readonly #high: Uint32Array;
  readonly #low: Uint32Array;
  readonly #mask: number;
  #size = 0;

  /** Room for `expected` ids; throws RangeError when more are added. */
  constructor(expected: number) {
    const capacity = 2 ** Math.ceil(Math.log2(Math.max(2, expected + 1) * 1.5));
    this.#high = new Uint32Array(capacity);
    this.#low = new Uint32Array(capacity);
    this.#mask = capacity - 1;
  }

  get size(): number {
    return this.#size;
  }

  /** `digest` has at least 8 bytes. */
  add(digest: Uint8Array): void {
    const bytes = Buffer.from(digest.buffer, digest.byteOffset, digest.byteLength);
    const high = bytes.readUInt32BE(0);
    const low = bytes.readUInt32BE(4) || 1; // 0 marks a free place
    let place = high & this.#mask;
    while (this.#low[place] !== 0) {
      if (this.#low[place] === low && this.#high[place] === high) return;
      place = (place + 1) & this.#mask;
    }
    if (this.#size + 1 >= this.#low.length) throw new RangeError('more ids than the counter has room for');
    this.#low[place] = low;
    this.#high[place] = high;
    this.#size += 1;
  }
}
