import type { OpenLoopReport } from '../processes/open-loop.ts';
import type { Program } from '../processes/program.ts';
import type { LoadQuestion, LoadTarget } from './programs/load-questions.ts';

/**
 * Does the work while calls come at the rate, and then lets them end. Answers what they saw.
 * @throws what the work throws, and BenchError where the load program fails
 */
export async function underLoad(
  load: Program,
  target: LoadTarget,
  perSecond: number,
  work: () => Promise<void>,
): Promise<OpenLoopReport> {
  const question: LoadQuestion = { kind: 'open', perSecond, ...target };
  const stop = (): Promise<unknown> => load.ask({ kind: 'stop' } satisfies LoadQuestion);
  const [report] = await Promise.all([load.ask<OpenLoopReport>(question), work().finally(stop)]);
  return report;
}
