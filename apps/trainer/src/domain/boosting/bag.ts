import type { Random } from './random.ts';

/** The rows of one tree, both parts ascending: those it is grown on and those it is only applied to. */
export interface Bag {
  readonly inBag: Uint32Array;
  readonly outOfBag: Uint32Array;
}

/** Draws the bags of successive trees; each is valid until the next. */
export class BagSampler {
  readonly #inBag: Uint32Array;
  readonly #outOfBag: Uint32Array;
  readonly #share: number;
  readonly #random: Random;

  constructor(rowCount: number, share: number, random: Random) {
    this.#inBag = new Uint32Array(rowCount);
    this.#outOfBag = new Uint32Array(rowCount);
    this.#share = share;
    this.#random = random;
  }

  /** Each row is in the bag with probability `share`, whatever the others are. */
  draw(): Bag {
    const inBag = this.#inBag;
    const outOfBag = this.#outOfBag;
    const rest = 1 - this.#share;
    const random = this.#random;
    let inside = 0;
    for (let row = 0; row < inBag.length; row += 1) {
      inBag[inside] = row;
      outOfBag[row - inside] = row;
      // 1 where the draw is below the share, without a branch: no predictor could foresee it.
      inside += 1 - ((random() + rest) | 0);
    }
    return { inBag: inBag.subarray(0, inside), outOfBag: outOfBag.subarray(0, inBag.length - inside) };
  }
}
