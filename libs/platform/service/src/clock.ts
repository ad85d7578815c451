/** Where time comes from. Passed in, so that tests and replays decide it. */
export interface Clock {
  /** The current instant in epoch microseconds. */
  nowUs(): bigint;
}

/** The machine's clock; millisecond resolution. */
export const systemClock: Clock = { nowUs: () => BigInt(Date.now()) * 1_000n };
