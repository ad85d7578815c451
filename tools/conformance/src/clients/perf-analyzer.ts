import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { CheckResult } from '../suite/outcome.ts';

const run = promisify(execFile);
const PROGRAM = process.env['PERF_ANALYZER'] ?? 'perf_analyzer';
const WINDOW = ['--measurement-interval', '1000', '--max-trials', '3', '--stability-percentage', '100'];

/** Runs Triton's load generator for a few seconds, where the machine has it. */
export async function runPerfAnalyzer(address: string): Promise<CheckResult> {
  const startedMs = performance.now();
  const args = ['-m', 'simple', '-i', 'grpc', '-u', address, '--concurrency-range', '4', ...WINDOW];
  const { outcome, reason } = await run(PROGRAM, args, { timeout: 60_000 }).then(passed, failed);
  const durationMs = Math.round(performance.now() - startedMs);
  return {
    id: 'clients.perf-analyzer.simple',
    group: 'clients',
    title: 'perf_analyzer measures the model simple over gRPC',
    outcome,
    reason,
    durationMs,
  };
}

type Verdict = Pick<CheckResult, 'outcome' | 'reason'>;

function passed(): Verdict {
  return { outcome: 'pass', reason: '' };
}

function failed(error: Error & { code?: unknown; stderr?: string }): Verdict {
  if (error.code === 'ENOENT') {
    return {
      outcome: 'skipped',
      reason: `${PROGRAM} is not on this machine: put it on the PATH or in PERF_ANALYZER`,
    };
  }
  return { outcome: 'fail', reason: (error.stderr ?? '').trim().split('\n').at(-1) || error.message };
}
