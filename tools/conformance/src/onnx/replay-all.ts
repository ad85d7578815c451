import type { CheckResult } from '../suite/outcome.ts';
import type { Target } from '../target/target.ts';
import { EngineOracle } from './engine-oracle.ts';
import type { OnnxCase } from './find-cases.ts';
import { judgeCase } from './judge-case.ts';
import { readSkipList, skipOf, unusedEntries, type SkipEntry } from './skip-list.ts';

const GROUP = 'onnx';
const TITLE = 'the model answers its test data';
/** Models that are loaded at once. */
const IN_FLIGHT = 4;

/** Replays every case; results in the order of their names, then one per unused entry of the skip list. */
export async function replayAll(
  target: Target,
  cases: readonly OnnxCase[],
  report: (result: CheckResult) => void,
): Promise<CheckResult[]> {
  const entries = readSkipList();
  const results: CheckResult[] = [];
  const waiting = cases.entries();
  const lane = async (): Promise<void> => {
    const oracle = new EngineOracle();
    for (const [index, testCase] of waiting) {
      results[index] = await judged(target, testCase, skipOf(entries, testCase.name), oracle);
      report(results[index]);
    }
    oracle.close();
  };
  await Promise.all(Array.from({ length: IN_FLIGHT }, lane));
  const unused = unusedEntries(
    entries,
    cases.map(({ name }) => name),
  ).map(unusedResult);
  unused.forEach(report);
  return [...results, ...unused];
}

async function judged(
  target: Target,
  testCase: OnnxCase,
  entry: SkipEntry | undefined,
  oracle: EngineOracle,
): Promise<CheckResult> {
  const startedMs = performance.now();
  const verdict = await judgeCase(target, testCase, entry, oracle);
  const durationMs = Math.round(performance.now() - startedMs);
  return { id: `${GROUP}.${testCase.name}`, group: GROUP, title: TITLE, ...verdict, durationMs };
}

function unusedResult({ pattern }: SkipEntry): CheckResult {
  return {
    id: `${GROUP}.skip-list`,
    group: GROUP,
    title: 'every entry of the skip list matches a case',
    outcome: 'fail',
    reason: `no case matches "${pattern}"`,
    durationMs: 0,
  };
}
