import { afterEach, describe, expect, it } from '@jest/globals';
import { temporaryDirectory } from '@plumbline/testing';
import { findPerfAnalyzer, PERF_ANALYZER } from './find-perf-analyzer.ts';

const VARIABLE = 'PERF_ANALYZER';
const before = process.env[VARIABLE];

afterEach(() => {
  if (before === undefined) delete process.env[VARIABLE];
  else process.env[VARIABLE] = before;
});

describe('perf_analyzer', () => {
  const environmentOf = async (absent: ReadonlyMap<string, string>) => ({
    folder: await temporaryDirectory(),
    python: 'python3',
    absent,
  });

  it('is the program that the environment variable names', async () => {
    process.env[VARIABLE] = 'true';
    expect(await findPerfAnalyzer(await environmentOf(new Map()))).toEqual({ program: 'true' });
  });

  it('is absent for the reason that its package could not be installed', async () => {
    process.env[VARIABLE] = '/nowhere/perf_analyzer';
    const reason = 'pip install failed: no matching distribution';
    const found = await findPerfAnalyzer(await environmentOf(new Map([[PERF_ANALYZER, reason]])));
    expect(found).toEqual({ problem: expect.stringContaining(reason) });
  });

  it('is absent for the reason that it does not run', async () => {
    process.env[VARIABLE] = '/nowhere/perf_analyzer';
    const found = await findPerfAnalyzer(await environmentOf(new Map()));
    expect(found).toEqual({ problem: expect.stringContaining('ENOENT') });
  });
});
