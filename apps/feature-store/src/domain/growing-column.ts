/** A column of numbers that grows by doubling. */
export class GrowingColumn {
  length = 0;
  #values = new Float64Array(1024);

  push(value: number): void {
    if (this.length === this.#values.length) {
      const grown = new Float64Array(this.#values.length * 2);
      grown.set(this.#values);
      this.#values = grown;
    }
    this.#values[this.length++] = value;
  }

  /** The values so far, without a copy: stale after the next push. */
  view(): Float64Array {
    return this.#values.subarray(0, this.length);
  }
}
