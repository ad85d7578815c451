/** What a runner tells of one run. */
export interface ToldTimes {
  /** When it took the run up, on the machine's clock. */
  readonly startedUs: number;
  /** From then on until the engine had its inputs. */
  readonly inputUs: number;
  readonly inferUs: number;
}

/** Times of one run, in microseconds, as its batch sees them. */
export interface RunTimes {
  /** From the hand-over until the runner took the run up: the way there, and the wait behind the run before. */
  readonly waitedUs: number;
  readonly inputUs: number;
  readonly inferUs: number;
}

/** Microseconds on the monotonic clock that all threads and processes of a machine share, unlike performance.now(). */
export function machineUs(): number {
  return Math.round(Number(process.hrtime.bigint()) / 1000);
}

/**
 * The times of a run that was handed over at `handedUs` and has come back at `nowUs`. They add up to no more than lies
 * between: a runner that a model has taken over may tell anything.
 */
export function timesOf(
  { startedUs, inputUs, inferUs }: ToldTimes,
  handedUs: number,
  nowUs: number,
): RunTimes {
  let leftUs = nowUs - handedUs;
  const upToLeft = (us: number) => {
    const taken = Math.min(Math.max(us, 0), leftUs);
    leftUs -= taken;
    return taken;
  };
  return { waitedUs: upToLeft(startedUs - handedUs), inputUs: upToLeft(inputUs), inferUs: upToLeft(inferUs) };
}
