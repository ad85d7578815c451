import { BenchError } from '../bench-error.ts';

/** What h2load says at the end. */
export interface H2loadReport {
  /** Requests a second. */
  readonly perSecond: number;
  readonly seconds: number;
  readonly total: number;
  /** Answered with HTTP 2xx, which gRPC errors are too. */
  readonly succeeded: number;
}

const SECONDS_OF: Readonly<Record<string, number>> = { us: 1e-6, ms: 1e-3, s: 1, m: 60, h: 3_600 };

/** Reads h2load's summary. @throws BenchError where there is none */
export function parseH2load(text: string): H2loadReport {
  const finished = /^finished in ([\d.]+)(us|ms|s|m|h), ([\d.]+) req\/s/m.exec(text);
  const requests = /^requests: (\d+) total, \d+ started, \d+ done, (\d+) succeeded/m.exec(text);
  if (finished === null || requests === null) {
    throw new BenchError(`h2load's summary is missing:\n${text.trim()}`);
  }
  const [, time, unit, perSecond] = finished;
  return {
    perSecond: Number(perSecond),
    seconds: Number(time) * (SECONDS_OF[unit as string] as number),
    total: Number(requests[1]),
    succeeded: Number(requests[2]),
  };
}
