import { ServiceError } from '@plumbline/errors';
import { reconnected, type Target } from '../target/target.ts';
import type { Check, CheckGroup } from './check.ts';
import { Failure, Skipped, type CheckResult, type Outcome } from './outcome.ts';

/** Longest time of one check. */
const TIMEOUT_MS = 60_000;

/** Makes the checks of a group one after the other; `report` hears of each as it ends. */
export async function runGroup(
  group: CheckGroup,
  target: Target,
  report: (result: CheckResult) => void = () => undefined,
): Promise<CheckResult[]> {
  const results: CheckResult[] = [];
  for (const [topic, checks] of Object.entries(group.topics)) {
    for (const [name, check] of Object.entries(checks)) {
      const result = await runCheck(`${group.name}.${topic}.${name}`, group.name, check, target);
      results.push(result);
      report(result);
    }
  }
  return results;
}

async function runCheck(id: string, group: string, check: Check, target: Target): Promise<CheckResult> {
  const startedMs = performance.now();
  const { outcome, reason } = await judge(check, target);
  const durationMs = Math.round(performance.now() - startedMs);
  return { id, group, title: check.title, outcome, reason, durationMs };
}

type Judgement = Pick<CheckResult, 'outcome' | 'reason'>;

async function judge(check: Check, target: Target): Promise<Judgement> {
  const missing = (check.models ?? []).filter((name) => !target.readyModels.has(name));
  if (missing.length > 0) return withoutModels(missing, target);
  const connected = reconnected(target);
  try {
    await withinTime(check.run(connected));
    return { outcome: 'pass', reason: '' };
  } catch (error) {
    return { outcome: outcomeOf(error, check, target), reason: reasonOf(error) };
  } finally {
    connected.close();
  }
}

/** Our own server was given every model: there a missing one is a finding. */
function withoutModels(missing: readonly string[], { own }: Target): Judgement {
  const reason = `the server has not got ${missing.join(', ')} ready`;
  return own ? { outcome: 'fail', reason } : { outcome: 'skipped', reason: `${reason}: see --write-models` };
}

function outcomeOf(error: unknown, { extension, optional }: Check, target: Target): Outcome {
  if (error instanceof Skipped) return 'skipped';
  if (optional === true && error instanceof ServiceError && error.codeName === 'UNIMPLEMENTED') {
    return 'not offered';
  }
  const claimed = extension === undefined || target.extensions.has(extension);
  return claimed ? 'fail' : 'not offered';
}

function reasonOf(error: unknown): string {
  if (error instanceof Failure || error instanceof Skipped) return error.message;
  if (error instanceof ServiceError) return `${error.codeName} (${error.reason}): ${error.message}`;
  return String(error);
}

async function withinTime(run: Promise<void>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Failure(`did not end within ${TIMEOUT_MS / 1_000} s`)), TIMEOUT_MS);
  });
  try {
    await Promise.race([run, late]);
  } finally {
    clearTimeout(timer);
  }
}
