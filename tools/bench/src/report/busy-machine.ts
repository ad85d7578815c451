/** Share of the cores that others may take before figures suffer. */
const TOLERATED_SHARE = 0.25;

/** What to say of a machine that has other things to do; undefined where it is idle. `loadAverage` is of one minute. */
export function busyMachine(loadAverage: number, cores: number): string | undefined {
  if (loadAverage <= TOLERATED_SHARE * cores) return undefined;
  const load = loadAverage.toFixed(1);
  return `This machine is busy (load average ${load} on ${cores} cores): figures will be too low, and latencies too long.`;
}
