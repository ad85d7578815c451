const FIRST_BACKOFF_MS = 50;
const LAST_BACKOFF_MS = 10_000;
/** Runs after which a runner counts as sound: one that opens and dies with each request never gets there. */
const SOUND_RUNS = 3;
/**
 * Losses in a row that are made good at once. Halving a batch of 1,024 rows down to the request that ends its runner
 * takes 11 runners, and that request may end one more; those who shared its batch should not wait for its sake.
 */
const PROMPT_LOSSES = 12;

/** How long the place of a lost runner stays empty: longer each time, until a runner there has run soundly. */
export class ReplacementBackoff {
  #losses = 0;
  #goodRuns = 0;

  /** The runner has answered a run. */
  answered(): void {
    if (++this.#goodRuns === SOUND_RUNS) this.#losses = 0;
  }

  /** The runner was lost. */
  lost(): void {
    this.#losses++;
    this.#goodRuns = 0;
  }

  /** None could be had in its place, which no request has to do with. */
  failed(): void {
    this.#losses = Math.max(this.#losses, PROMPT_LOSSES) + 1;
  }

  /** Before the next attempt. */
  get waitMs(): number {
    const unexplained = this.#losses - PROMPT_LOSSES;
    return unexplained <= 0 ? 0 : Math.min(FIRST_BACKOFF_MS * 2 ** (unexplained - 1), LAST_BACKOFF_MS);
  }
}
