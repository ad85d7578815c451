import { join } from 'node:path';
import { runClients } from './clients/run-clients.ts';
import { oip } from './oip/group.ts';
import { judgeOnnx } from './onnx/judge-onnx.ts';
import type { GroupName, Options } from './options.ts';
import { rest } from './rest/group.ts';
import { get } from './rest/http.ts';
import { skippedGroup, type CheckResult } from './suite/outcome.ts';
import { runGroup } from './suite/run-checks.ts';
import type { Target } from './target/target.ts';
import { triton } from './triton/group.ts';

/** What a group of checks is made with. */
export interface JudgeContext {
  readonly target: Target;
  readonly options: Options;
  /** For repositories and state; removed with the run. */
  readonly directory: string;
  /** Hears of each result as it comes. */
  readonly report: (result: CheckResult) => void;
}

type Judge = (context: JudgeContext) => Promise<readonly CheckResult[]>;

const JUDGES: Readonly<Record<GroupName, Judge>> = {
  oip: ({ target, report }) => runGroup(oip, target, report),
  triton: ({ target, report }) => runGroup(triton, target, report),
  rest: judgeRest,
  onnx: ({ target, options, directory, report }) =>
    judgeOnnx(target, {
      testdata: options.onnxTestdata,
      repository: target.own ? join(directory, 'onnx') : options.repository,
      directory,
      report,
    }),
  clients: ({ target, options, directory, report }) =>
    runClients(target, {
      required: options.requireClients,
      kserve: options.kserve,
      examples: options.examples,
      directory,
      report,
    }),
};

export function judgeGroup(group: GroupName, context: JudgeContext): Promise<readonly CheckResult[]> {
  return JUDGES[group](context);
}

async function judgeRest({ target, report }: JudgeContext): Promise<readonly CheckResult[]> {
  const problem = await httpProblem(target);
  if (problem === undefined) return runGroup(rest, target, report);
  const title = 'the REST service answers';
  const skipped = skippedGroup('rest', title, problem);
  const result: CheckResult = target.own ? { ...skipped, outcome: 'fail' } : skipped;
  report(result);
  return [result];
}

/** Why the REST service cannot be judged; undefined where it answers. */
async function httpProblem(target: Target): Promise<string | undefined> {
  if (target.httpAddress === undefined) return 'no --http address is given';
  return get(target, 'v2/health/live').then(
    () => undefined,
    () => `nothing answers at ${target.httpAddress}`,
  );
}
