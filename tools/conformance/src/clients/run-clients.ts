import { Skipped, type CheckResult } from '../suite/outcome.ts';
import type { Target } from '../target/target.ts';
import { runPerfAnalyzer } from './perf-analyzer.ts';
import { clientPrograms, type ClientPrograms } from './python-environment.ts';
import { runScript } from './run-script.ts';

export interface ClientsOptions {
  /** Whether it is a failure that the clients cannot be run here. */
  readonly required: boolean;
  readonly report: (result: CheckResult) => void;
}

/** Runs the stock clients against the target. */
export async function runClients(
  target: Target,
  { required, report }: ClientsOptions,
): Promise<CheckResult[]> {
  let programs: ClientPrograms;
  try {
    programs = await clientPrograms();
  } catch (error) {
    if (!(error instanceof Skipped)) throw error;
    const result = absent(error.message, required);
    report(result);
    return [result];
  }
  const { python, perfAnalyzer } = programs;
  const results = await runScript(python, 'grpc_client.py', target.address, report);
  if (target.httpAddress !== undefined) {
    results.push(...(await runScript(python, 'http_client.py', target.httpAddress, report)));
  }
  return [...results, ...(await runPerfAnalyzer(target, perfAnalyzer, report))];
}

function absent(reason: string, required: boolean): CheckResult {
  return {
    id: 'clients.python',
    group: 'clients',
    title: 'the stock Python clients can be installed and run',
    outcome: required ? 'fail' : 'skipped',
    reason,
    durationMs: 0,
  };
}
