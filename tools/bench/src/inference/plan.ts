/** How long and how often is measured. */
export interface Plan {
  /** Of each side of a comparison. */
  readonly rounds: number;
  readonly roundSeconds: number;
  readonly warmSeconds: number;
  /** Of each batch size that the bare loop is tried with, and how long each takes. */
  readonly trials: number;
  readonly trialSeconds: number;
  /** Open-loop rounds at each rate. */
  readonly openRounds: number;
  readonly openSeconds: number;
  /** Over and over the same model is loaded for so long. */
  readonly loadSeconds: number;
  /** Loads of the models for a GPU, from the lightest. */
  readonly gpuLoads: number;
  readonly swaps: number;
  readonly cycles: number;
  /** Cycles before memory is read for the first time. */
  readonly firstCycles: number;
}

export const FULL: Plan = {
  rounds: 7,
  roundSeconds: 4,
  warmSeconds: 3,
  trials: 5,
  trialSeconds: 0.5,
  openRounds: 3,
  openSeconds: 15,
  loadSeconds: 15,
  gpuLoads: 4,
  swaps: 1_000,
  cycles: 10_000,
  firstCycles: 100,
};

/** Shows that everything works; its figures are noise. */
export const QUICK: Plan = {
  rounds: 2,
  roundSeconds: 0.7,
  warmSeconds: 0.3,
  trials: 2,
  trialSeconds: 0.1,
  openRounds: 1,
  openSeconds: 2,
  loadSeconds: 0.5,
  gpuLoads: 1,
  swaps: 10,
  cycles: 60,
  firstCycles: 20,
};
