/** Past batches count half after this many newer ones. */
const HALF_LIFE_BATCHES = 50;
const DECAY = 0.5 ** (1 / HALF_LIFE_BATCHES);

/** Time of a batch: so much per row, and so much besides. */
export interface CostLine {
  readonly perRowMs: number;
  readonly fixedMs: number;
}

/**
 * Time of a batch as a·rows + b milliseconds, fitted by least squares over recent batches with exponential
 * forgetting. Neither term is ever negative. Before the first observation every estimate is 0: nothing is refused
 * on a guess.
 */
export class CostModel {
  #weight = 0;
  #rows = 0;
  #ms = 0;
  #rowsSquared = 0;
  #rowsMs = 0;

  observe(rows: number, ms: number): void {
    this.#weight = this.#weight * DECAY + 1;
    this.#rows = this.#rows * DECAY + rows;
    this.#ms = this.#ms * DECAY + ms;
    this.#rowsSquared = this.#rowsSquared * DECAY + rows * rows;
    this.#rowsMs = this.#rowsMs * DECAY + rows * ms;
  }

  /** Expected milliseconds of one batch of `rows`. */
  estimateMs(rows: number): number {
    const { perRowMs, fixedMs } = this.line;
    return perRowMs * rows + fixedMs;
  }

  /** The fitted line. Batches of one size say nothing about its slope: then all is taken as fixed. */
  get line(): CostLine {
    if (this.#weight === 0) return { perRowMs: 0, fixedMs: 0 };
    const meanRows = this.#rows / this.#weight;
    const meanMs = this.#ms / this.#weight;
    const variance = this.#rowsSquared / this.#weight - meanRows * meanRows;
    const covariance = this.#rowsMs / this.#weight - meanRows * meanMs;
    const perRowMs = variance > 1e-9 ? clamp(covariance / variance, 0, meanMs / meanRows) : 0;
    return { perRowMs, fixedMs: Math.max(meanMs - perRowMs * meanRows, 0) };
  }

  /** Expected milliseconds until `rows` have run in batches of at most `maxRows`, one after the other. */
  drainMs(rows: number, maxRows: number): number {
    const full = Math.floor(rows / maxRows);
    const rest = rows - full * maxRows;
    return full * this.estimateMs(maxRows) + (rest > 0 ? this.estimateMs(rest) : 0);
  }
}

function clamp(value: number, low: number, high: number): number {
  return Math.min(Math.max(value, low), high);
}
