import type { CheckResult } from '../suite/outcome.ts';
import type { Target } from '../target/target.ts';
import { refuteClaim } from './check-claim.ts';
import type { EngineOracle } from './engine-oracle.ts';
import type { OnnxCase } from './find-cases.ts';
import { replay } from './replay.ts';
import type { SkipEntry } from './skip-list.ts';

type Verdict = Pick<CheckResult, 'outcome' | 'reason'>;

/**
 * Replays a case. One on the skip list is tried all the same: against our own service it fails where it passes and the
 * entry is stale, and where it does not pass for another reason than the entry claims.
 */
export async function judgeCase(
  target: Target,
  testCase: OnnxCase,
  entry: SkipEntry | undefined,
  oracle: EngineOracle,
): Promise<Verdict> {
  const problem = await replay(target, testCase);
  if (problem === undefined) return passed(entry, target);
  if (entry === undefined) return { outcome: 'fail', reason: problem };
  const found = await refuteClaim(entry.claim, testCase, oracle);
  if (found === undefined) return { outcome: 'skipped', reason: entry.reason };
  const claimed = `the skip list claims ${entry.claim}, but ${found}`;
  return { outcome: 'fail', reason: `${claimed}. ${problem}` };
}

function passed(entry: SkipEntry | undefined, { own }: Target): Verdict {
  if (entry === undefined || entry.mayPass === true || !own) return { outcome: 'pass', reason: '' };
  return { outcome: 'fail', reason: `it passes: remove "${entry.pattern}" from the skip list` };
}
