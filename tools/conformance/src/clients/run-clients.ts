import { Skipped, type CheckResult } from '../suite/outcome.ts';
import type { Target } from '../target/target.ts';
import { findPerfAnalyzer, PERF_ANALYZER } from './find-perf-analyzer.ts';
import { runPerfAnalyzer } from './perf-analyzer.ts';
import { pythonEnvironment, type PythonEnvironment } from './python-environment.ts';
import { runScript } from './run-script.ts';
import { runStockExamples } from './run-stock-examples.ts';

const NO_EXAMPLES =
  'the package does not carry them: give src/python/examples of a checkout of triton-inference-server/client as --examples';

export interface ClientsOptions {
  /** Whether it is a failure that the clients cannot be run here. */
  readonly required: boolean;
  /** Whether KServe's client is run too. */
  readonly kserve: boolean;
  /** Folder of tritonclient's examples. */
  readonly examples: string | undefined;
  /** For what the clients send. */
  readonly directory: string;
  readonly report: (result: CheckResult) => void;
}

/** The requirement file of what the image clients among the examples need. */
const PICTURES = 'pictures';

/** Runs the stock clients against the target. */
export async function runClients(target: Target, options: ClientsOptions): Promise<CheckResult[]> {
  const results = await unlessAbsent('tritonclient', titleOf('tritonclient'), options, () =>
    runTriton(target, options),
  );
  if (!options.kserve) return results;
  return [
    ...results,
    ...(await unlessAbsent('kserve', titleOf('kserve'), options, () => runKserve(target, options))),
  ];
}

async function runTriton(target: Target, options: ClientsOptions): Promise<CheckResult[]> {
  const { report } = options;
  const environment = await pythonEnvironment({
    needed: 'tritonclient',
    optional: [PERF_ANALYZER, ...(options.examples === undefined ? [] : [PICTURES])],
  });
  const { python } = environment;
  const results = await runScript(python, 'grpc_client.py', [target.address], report);
  if (target.httpAddress !== undefined) {
    results.push(...(await runScript(python, 'http_client.py', [target.httpAddress], report)));
  }
  results.push(...(await runExamples(target, environment, options)));
  return [...results, ...(await runPerfAnalyzer(target, await findPerfAnalyzer(environment), report))];
}

/** A machine without the scripts has the checks that do what they do; their absence is no failure. */
function runExamples(
  target: Target,
  { python, absent }: PythonEnvironment,
  options: ClientsOptions,
): Promise<CheckResult[]> {
  const { examples: folder, directory, report } = options;
  const title = 'the stock examples of tritonclient run';
  return unlessAbsent('examples', title, { report, required: folder !== undefined }, async () => {
    if (folder === undefined) throw new Skipped(NO_EXAMPLES);
    return runStockExamples(target, { folder, python, directory, report, noPictures: absent.get(PICTURES) });
  });
}

async function runKserve(target: Target, { report }: ClientsOptions): Promise<CheckResult[]> {
  const { address, httpAddress } = target;
  if (httpAddress === undefined) throw new Skipped('no --http address is given');
  const { python } = await pythonEnvironment({ needed: 'kserve' });
  return runScript(python, 'kserve_client.py', [address, httpAddress], report);
}

const titleOf = (client: string): string => `the stock client ${client} can be installed and run`;

/** The results, or the one that says why there are none. */
async function unlessAbsent(
  name: string,
  title: string,
  { required, report }: Pick<ClientsOptions, 'required' | 'report'>,
  results: () => Promise<CheckResult[]>,
): Promise<CheckResult[]> {
  try {
    return await results();
  } catch (error) {
    if (!(error instanceof Skipped)) throw error;
    const absent: CheckResult = {
      id: `clients.${name}`,
      group: 'clients',
      title,
      outcome: required ? 'fail' : 'skipped',
      reason: error.message,
      durationMs: 0,
    };
    report(absent);
    return [absent];
  }
}
