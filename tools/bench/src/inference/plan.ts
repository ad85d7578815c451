/** How long and how often is measured. */
export interface Plan {
  /** Of each side of a comparison. */
  readonly rounds: number;
  readonly roundSeconds: number;
  readonly warmSeconds: number;
  /** Open-loop rounds at each rate. */
  readonly openRounds: number;
  readonly openSeconds: number;
  readonly swaps: number;
  readonly cycles: number;
  /** Cycles before memory is read for the first time. */
  readonly firstCycles: number;
}

export const FULL: Plan = {
  rounds: 7,
  roundSeconds: 4,
  warmSeconds: 3,
  openRounds: 3,
  openSeconds: 15,
  swaps: 1_000,
  cycles: 10_000,
  firstCycles: 100,
};

/** Shows that everything works; its figures are noise. */
export const QUICK: Plan = {
  rounds: 2,
  roundSeconds: 0.7,
  warmSeconds: 0.3,
  openRounds: 1,
  openSeconds: 2,
  swaps: 10,
  cycles: 60,
  firstCycles: 20,
};
