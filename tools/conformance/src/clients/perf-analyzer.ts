import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { CheckResult } from '../suite/outcome.ts';
import type { Target } from '../target/target.ts';
import type { Found } from './find-perf-analyzer.ts';
import { lastLineOf } from './python-environment.ts';

const run = promisify(execFile);
const REQUESTS = 400;
const TIMEOUT_MS = 60_000;

/** What perf_analyzer is run with: name, title, arguments. */
type Measurement = readonly [name: string, title: string, args: readonly string[]];

/** Runs Triton's load generator over each way into the target. */
export async function runPerfAnalyzer(
  target: Target,
  found: Found,
  report: (result: CheckResult) => void,
): Promise<CheckResult[]> {
  const results: CheckResult[] = [];
  for (const measurement of measurementsOf(target)) {
    const result = await measure(found, measurement);
    results.push(result);
    report(result);
  }
  return results;
}

function measurementsOf({ address, httpAddress }: Target): readonly Measurement[] {
  const grpc = ['-i', 'grpc', '-u', address];
  const overGrpc: readonly Measurement[] = [
    ['grpc', 'perf_analyzer measures unary calls, and the statistics agree with it', grpc],
    ['stream', 'perf_analyzer measures a stream, and the statistics agree with it', [...grpc, '--streaming']],
  ];
  if (httpAddress === undefined) return overGrpc;
  const http = ['-i', 'http', '-u', httpAddress];
  return [...overGrpc, ['http', 'perf_analyzer measures HTTP, and the statistics agree with it', http]];
}

async function measure(found: Found, [name, title, args]: Measurement): Promise<CheckResult> {
  const startedMs = performance.now();
  const verdict = 'problem' in found ? skipped(found.problem) : await judge(found.program, args);
  const durationMs = Math.round(performance.now() - startedMs);
  return { id: `clients.perf-analyzer.${name}`, group: 'clients', title, ...verdict, durationMs };
}

type Verdict = Pick<CheckResult, 'outcome' | 'reason'>;

const skipped = (reason: string): Verdict => ({ outcome: 'skipped', reason });

async function judge(program: string, args: readonly string[]): Promise<Verdict> {
  const load = ['-m', 'simple', '--concurrency-range', '4', '--request-count', String(REQUESTS)];
  try {
    const { stdout } = await run(program, [...load, ...args], { timeout: TIMEOUT_MS });
    return verdictOf(stdout);
  } catch (error) {
    return { outcome: 'fail', reason: lastLineOf(error as Error) };
  }
}

/** The server's own count, as perf_analyzer reads it from ModelStatistics, against what it sent. */
function verdictOf(output: string): Verdict {
  const counted = /Successful request count: (\d+)/.exec(output)?.[1] ?? 'none';
  if (counted === String(REQUESTS)) return { outcome: 'pass', reason: '' };
  return { outcome: 'fail', reason: `of ${REQUESTS} requests the statistics count ${counted}` };
}
