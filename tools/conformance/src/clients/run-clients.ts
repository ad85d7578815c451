import { Skipped, type CheckResult } from '../suite/outcome.ts';
import type { Target } from '../target/target.ts';
import { runPerfAnalyzer } from './perf-analyzer.ts';
import { findPerfAnalyzer, pythonEnvironment, pythonOf } from './python-environment.ts';
import { runScript } from './run-script.ts';

export interface ClientsOptions {
  /** Whether it is a failure that the clients cannot be run here. */
  readonly required: boolean;
  /** Whether KServe's client is run too. */
  readonly kserve: boolean;
  readonly report: (result: CheckResult) => void;
}

/** Runs the stock clients against the target. */
export async function runClients(target: Target, options: ClientsOptions): Promise<CheckResult[]> {
  const results = await unlessAbsent('tritonclient', options, () => runTriton(target, options));
  if (!options.kserve) return results;
  return [...results, ...(await unlessAbsent('kserve', options, () => runKserve(target, options)))];
}

async function runTriton(target: Target, { report }: ClientsOptions): Promise<CheckResult[]> {
  const folder = await pythonEnvironment({ needed: 'tritonclient', optional: 'perf-analyzer' });
  const python = pythonOf(folder);
  const results = await runScript(python, 'grpc_client.py', [target.address], report);
  if (target.httpAddress !== undefined) {
    results.push(...(await runScript(python, 'http_client.py', [target.httpAddress], report)));
  }
  return [...results, ...(await runPerfAnalyzer(target, await findPerfAnalyzer(folder), report))];
}

async function runKserve(target: Target, { report }: ClientsOptions): Promise<CheckResult[]> {
  const { address, httpAddress } = target;
  if (httpAddress === undefined) throw new Skipped('no --http address is given');
  const folder = await pythonEnvironment({ needed: 'kserve' });
  return runScript(pythonOf(folder), 'kserve_client.py', [address, httpAddress], report);
}

/** The results, or the one that says why there are none. */
async function unlessAbsent(
  name: string,
  { required, report }: ClientsOptions,
  results: () => Promise<CheckResult[]>,
): Promise<CheckResult[]> {
  try {
    return await results();
  } catch (error) {
    if (!(error instanceof Skipped)) throw error;
    const absent: CheckResult = {
      id: `clients.${name}`,
      group: 'clients',
      title: `the stock client ${name} can be installed and run`,
      outcome: required ? 'fail' : 'skipped',
      reason: error.message,
      durationMs: 0,
    };
    report(absent);
    return [absent];
  }
}
