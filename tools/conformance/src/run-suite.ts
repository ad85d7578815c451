import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { judgeGroup, type JudgeContext } from './judge-group.ts';
import type { Options } from './options.ts';
import { openSuiteTarget } from './open-suite-target.ts';
import type { CheckResult } from './suite/outcome.ts';
import { resultLine, totalsOf, totalsTable, writeReport } from './suite/report.ts';

/** Judges the server that the options name. Answers the exit status: 1 where a check failed. */
export async function runSuite(options: Options): Promise<number> {
  const directory = mkdtempSync(join(tmpdir(), 'plumbline-conformance-'));
  try {
    const results = await judgeAll(options, directory);
    return totalsOf(results).fail === 0 ? 0 : 1;
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

async function judgeAll(options: Options, directory: string): Promise<CheckResult[]> {
  const startedMs = performance.now();
  const results: CheckResult[] = [];
  const { target, close } = await openSuiteTarget(options, directory);
  try {
    const { name, version, extensions } = await target.client.serverMetadata({});
    console.log(`${name} ${version} at ${target.address}\n`);
    const context = { target, options, directory, report: reporter(options) };
    for (const group of options.groups) results.push(...(await judgeGroup(group, context)));
    const seconds = Number(((performance.now() - startedMs) / 1_000).toFixed(1));
    writeReport(options.json, {
      address: target.address,
      server: { name, version, extensions },
      seconds,
      results,
    });
    console.log(`\n${totalsTable(results)}\n\n${seconds} s. Details: ${options.json}`);
  } finally {
    await close();
  }
  return results;
}

/** Lists what did not pass; of the thousand replayed models only what failed. */
function reporter({ verbose }: Options): JudgeContext['report'] {
  return (result) => {
    const expected = result.outcome === 'skipped' && result.id.startsWith('onnx.');
    if (verbose || !(expected || result.outcome === 'pass')) console.log(resultLine(result));
  };
}
