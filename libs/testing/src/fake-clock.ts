import type { Clock } from '@plumbline/service';

export interface FakeClock extends Clock {
  advanceUs(us: bigint): void;
  advanceMs(ms: number): void;
  setUs(us: bigint): void;
}

/** A clock that stands still until told otherwise. Default start: 1 March 2001, 00:00 UTC. */
export function fakeClock(startUs = 983_404_800_000_000n): FakeClock {
  let nowUs = startUs;
  return {
    nowUs: () => nowUs,
    advanceUs: (us) => (nowUs += us),
    advanceMs: (ms) => (nowUs += BigInt(Math.round(ms * 1_000))),
    setUs: (us) => (nowUs = us),
  };
}
