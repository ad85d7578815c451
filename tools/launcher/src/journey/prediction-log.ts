/** What the launcher, as a caller, knows of the predictions it was answered: the other side of every equality. */
export class PredictionLog {
  readonly #scores = new Map<string, number>();
  readonly #byVariant = new Map<string, number>();
  readonly #earlier = new Set<string>();
  #retries = 0;
  #failed = 0;
  readonly #failures = new Map<string, number>();

  answered(predictionId: string, score: number, variant: string): void {
    if (this.#scores.has(predictionId)) return;
    this.#scores.set(predictionId, score);
    this.#byVariant.set(variant, (this.#byVariant.get(variant) ?? 0) + 1);
  }

  /** Answered to an earlier run of the same caller: known, but not counted. */
  answeredEarlier(predictionId: string): void {
    this.#earlier.add(predictionId);
  }

  /** An attempt that failed and is made again. */
  retried(): void {
    this.#retries += 1;
  }

  failed(error: unknown): void {
    this.#failed += 1;
    const text = error instanceof Error ? error.message : String(error);
    this.#failures.set(text, (this.#failures.get(text) ?? 0) + 1);
  }

  has(predictionId: string): boolean {
    return this.#scores.has(predictionId) || this.#earlier.has(predictionId);
  }

  get retries(): number {
    return this.#retries;
  }

  /** Distinct prediction ids answered. */
  get count(): number {
    return this.#scores.size;
  }

  get failures(): number {
    return this.#failed;
  }

  /** Messages of failures with their counts. */
  get failureMessages(): Record<string, number> {
    return Object.fromEntries(this.#failures);
  }

  get byVariant(): Record<string, number> {
    return Object.fromEntries(this.#byVariant);
  }

  scoreOf(predictionId: string): number | undefined {
    return this.#scores.get(predictionId);
  }

  ids(): IterableIterator<string> {
    return this.#scores.keys();
  }
}
