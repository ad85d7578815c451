import { describe, expect, it } from '@jest/globals';
import { BenchError } from '../bench-error.ts';
import { parseH2load } from './parse-h2load.ts';

const summary = (finished: string) => `starting benchmark...
progress: 100% done

finished in ${finished}, 20333.70 req/s, 3.86MB/s
requests: 60000 total, 60000 started, 60000 done, 59990 succeeded, 10 failed, 0 errored, 0 timeout
status codes: 60000 2xx, 0 3xx, 0 4xx, 0 5xx
req/s           :    5085.65     5130.87     5098.19       21.82    75.00%
`;

describe("h2load's summary", () => {
  it.each([
    ['2.95s', 2.95],
    ['295.10ms', 0.2951],
    ['950us', 0.00095],
    ['1.50m', 90],
  ])('that took %s is read', (finished, seconds) => {
    const report = parseH2load(summary(finished));
    expect(report).toMatchObject({ perSecond: 20_333.7, total: 60_000, succeeded: 59_990 });
    expect(report.seconds).toBeCloseTo(seconds, 9);
  });

  it('is asked for where there is none', () => {
    expect(() => parseH2load('starting benchmark...\nunable to connect')).toThrow(BenchError);
    expect(() => parseH2load('unable to connect')).toThrow(/unable to connect/);
  });
});
