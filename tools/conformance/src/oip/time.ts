import type { Checks } from '../suite/check.ts';
import { expect, expectStatus } from '../suite/expect.ts';
import { begun, infer, input, request, type InferRequest } from '../target/infer.ts';
import type { Target } from '../target/target.ts';

/** A run that takes long enough to be told from the rest. */
const RUN_MS = 200;
const SAMPLE_TURNS = 30_000;
const WAITING = 8;

/** A request for `slow` or `prioritized` that takes about `turns` µs. */
export function slowRequest(
  model: 'slow' | 'prioritized',
  turns: number,
  more: InferRequest = {},
): InferRequest {
  const shape = model === 'slow' ? [2] : [1, 2];
  return request(model, [input('INPUT0', 'FP32', shape, [turns, 0])], more);
}

/** A run of a slow model that takes long enough for what waits to be seen. */
export interface LongRun {
  readonly turns: number;
  /** How long it took when it ran alone. */
  readonly takesMs: number;
}

/** A run that takes about `aimMs` on this server, or longer where the machine has other work. */
export async function longRun(
  target: Target,
  model: 'slow' | 'prioritized',
  aimMs = RUN_MS,
): Promise<LongRun> {
  let quickestMs = Infinity;
  for (let sample = 0; sample < 3; sample++) {
    quickestMs = Math.min(quickestMs, await timed(target, model, SAMPLE_TURNS));
  }
  const turns = Math.round((SAMPLE_TURNS * aimMs) / Math.max(5, quickestMs));
  return { turns, takesMs: await timed(target, model, turns) };
}

async function timed(target: Target, model: 'slow' | 'prioritized', turns: number): Promise<number> {
  const startedMs = performance.now();
  await infer(target, slowRequest(model, turns));
  return performance.now() - startedMs;
}

export const timeChecks: Checks = {
  deadline: {
    title: 'a call whose deadline passes ends with DEADLINE_EXCEEDED at once, not with its run',
    models: ['slow'],
    run: async (target) => {
      const { turns, takesMs } = await longRun(target, 'slow', 4 * RUN_MS);
      const startedMs = performance.now();
      const timeoutMs = takesMs / 8;
      await expectStatus(infer(target, slowRequest('slow', turns), { timeoutMs }), 'DEADLINE_EXCEEDED');
      expect(performance.now() - startedMs < takesMs * 0.75, 'the caller waited for the run');
      await infer(target, slowRequest('slow', 1));
    },
  },
  'deadline-queue': {
    title: 'requests whose deadline passes while they wait are never run',
    models: ['slow'],
    run: async (target) => {
      await expectUnrun(target, (turns) =>
        Array.from({ length: WAITING }, () =>
          expectStatus(infer(target, slowRequest('slow', turns), { timeoutMs: 50 }), 'DEADLINE_EXCEEDED'),
        ),
      );
    },
  },
  cancel: {
    title: 'a cancelled call ends with CANCELLED, and the server goes on',
    models: ['slow'],
    run: async (target) => {
      const { turns } = await longRun(target, 'slow', 3 * RUN_MS);
      const cancel = new AbortController();
      const call = infer(target, slowRequest('slow', turns), { signal: cancel.signal });
      setTimeout(() => cancel.abort(), 20);
      await expectStatus(call, 'CANCELLED');
      await infer(target, slowRequest('slow', 1));
    },
  },
  'cancel-queue': {
    title: 'requests that are cancelled while they wait are never run',
    models: ['slow'],
    run: async (target) => {
      const cancel = new AbortController();
      await expectUnrun(target, (turns) => {
        const calls = Array.from({ length: WAITING }, () =>
          infer(target, slowRequest('slow', turns), { signal: cancel.signal }),
        );
        setTimeout(() => cancel.abort(), 50);
        return calls.map((call) => expectStatus(call, 'CANCELLED'));
      });
    },
  },
};

/**
 * One slow run keeps the model busy while `abandoned` give up waiting. A request after them may wait for what was under
 * way, two runs at most, and not for all that gave up.
 */
async function expectUnrun(target: Target, abandoned: (turns: number) => Promise<unknown>[]): Promise<void> {
  const { turns, takesMs } = await longRun(target, 'slow');
  const busy = begun(infer(target, slowRequest('slow', turns)));
  await Promise.all(abandoned(turns));
  const startedMs = performance.now();
  await infer(target, slowRequest('slow', 1));
  const waited = (performance.now() - startedMs) / takesMs;
  await busy;
  const finding = `the next request waited for ${waited.toFixed(1)} runs: those given up were run all the same`;
  expect(waited < WAITING / 2 + 1, finding);
}
