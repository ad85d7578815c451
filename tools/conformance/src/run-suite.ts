import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suiteModels } from './models/suite-models.ts';
import { writeRepository } from './models/write-repository.ts';
import { oip } from './oip/group.ts';
import type { GroupName, Options } from './options.ts';
import type { CheckGroup } from './suite/check.ts';
import type { CheckResult } from './suite/outcome.ts';
import { resultLine, totalsOf, totalsTable, writeReport } from './suite/report.ts';
import { runGroup } from './suite/run-checks.ts';
import { startService } from './target/start-service.ts';
import { openTarget, type Target } from './target/target.ts';
import { triton } from './triton/group.ts';

/** Groups whose checks call the suite's models. */
const MODEL_GROUPS: Readonly<Partial<Record<GroupName, CheckGroup>>> = { oip, triton };

/** Judges the server that the options name. Answers the exit status: 1 where a check failed. */
export async function runSuite(options: Options): Promise<number> {
  const directory = mkdtempSync(join(tmpdir(), 'plumbline-conformance-'));
  const startedMs = performance.now();
  try {
    const results: CheckResult[] = [];
    const target = await targetOf(options, directory);
    try {
      const { name, version } = await target.client.serverMetadata({});
      console.log(`${name} ${version} at ${target.address}\n`);
      for (const group of options.groups) results.push(...(await runNamed(group, target, options)));
      const server = { name, version, extensions: [...target.extensions] };
      const seconds = Number(((performance.now() - startedMs) / 1_000).toFixed(1));
      writeReport(options.json, { address: target.address, server, seconds, results });
      console.log(`\n${totalsTable(results)}\n\n${seconds} s. Details: ${options.json}`);
    } finally {
      await target.stop();
    }
    return totalsOf(results).fail === 0 ? 0 : 1;
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

type StartedTarget = Target & { stop(): Promise<void> };

async function targetOf({ address, http }: Options, directory: string): Promise<StartedTarget> {
  const models = suiteModels();
  const names = models.map(({ name }) => name);
  if (address !== undefined) {
    const target = await openTarget({ address, httpAddress: http, own: false, models: names });
    return { ...target, stop: async () => target.close() };
  }
  const repository = join(directory, 'models');
  writeRepository(repository, models);
  const service = await startService({ repository, directory, load: names });
  const target = await openTarget({ ...service, own: true, models: names });
  return {
    ...target,
    stop: async () => {
      target.close();
      await service.stop();
    },
  };
}

async function runNamed(name: GroupName, target: Target, { verbose }: Options): Promise<CheckResult[]> {
  const group = MODEL_GROUPS[name];
  if (group === undefined) return [];
  return runGroup(group, target, (result) => {
    if (verbose || result.outcome !== 'pass') console.log(resultLine(result));
  });
}
