/** One call: answers its gRPC status, 0 for OK. Never rejects. */
export type Call = () => Promise<number>;

/** How often calls ended with which gRPC status other than OK. */
export type Failures = Record<number, number>;

export interface ClosedLoopReport {
  readonly seconds: number;
  readonly ok: number;
  readonly failures: Failures;
}

/** Makes `requests` calls, `inFlight` of them at any time: each answer starts the next. */
export async function closedLoop(
  call: Call,
  load: { readonly inFlight: number; readonly requests: number },
  nowMs: () => number,
): Promise<ClosedLoopReport> {
  const failures: Failures = {};
  let started = 0;
  let ok = 0;
  const keepCalling = async (): Promise<void> => {
    while (started < load.requests) {
      started += 1;
      const status = await call();
      if (status === 0) ok += 1;
      else countFailure(failures, status);
    }
  };
  const startMs = nowMs();
  await Promise.all(Array.from({ length: load.inFlight }, keepCalling));
  return { seconds: (nowMs() - startMs) / 1_000, ok, failures };
}

export function countFailure(failures: Failures, status: number): void {
  failures[status] = (failures[status] ?? 0) + 1;
}
