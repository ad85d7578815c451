import { join } from 'node:path';
import { skippedGroup, type CheckResult } from '../suite/outcome.ts';
import { startService } from '../target/start-service.ts';
import { openTarget, type Target } from '../target/target.ts';
import { findCases } from './find-cases.ts';
import { writeCase } from './replay.ts';
import { replayAll } from './replay-all.ts';

const LOG = 'out/conformance/onnx.log';

export interface OnnxOptions {
  /** Folder of the ONNX project's test data. */
  readonly testdata: string;
  /** Folder that the target serves with explicit model control, for our own service a new one. */
  readonly repository: string | undefined;
  /** For the state of our own service. */
  readonly directory: string;
  readonly report: (result: CheckResult) => void;
}

/** Replays the ONNX project's backend tests through the target, or through a service of our own. */
export async function judgeOnnx(target: Target, options: OnnxOptions): Promise<readonly CheckResult[]> {
  const { testdata, repository, report } = options;
  const cases = findCases(testdata);
  if (cases === undefined) {
    return skipped(`${testdata} is not there: apt-get install libonnx-testdata, or --onnx-testdata`, report);
  }
  if (repository === undefined)
    return skipped('--repository does not say where the server finds models', report);
  cases.forEach((testCase) => writeCase(repository, testCase));
  if (!target.own) return replayAll(target, cases, report);
  const service = await startService({
    repository,
    directory: join(options.directory, 'onnx-state'),
    logFile: LOG,
    load: [],
  });
  const own = await openTarget({ ...service, own: true, models: [] });
  try {
    return await replayAll(own, cases, report);
  } finally {
    own.close();
    await service.stop();
  }
}

function skipped(reason: string, report: OnnxOptions['report']): readonly CheckResult[] {
  const result = skippedGroup('onnx', 'the ONNX project’s backend tests are replayed', reason);
  report(result);
  return [result];
}
