import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { errors } from '../errors.ts';
import { ResponseCache, type CachedAnswer } from './response-cache.ts';

const answerOf = (value: number, bytes = 0): CachedAnswer => ({
  outputs: new Map([[0, { shape: [1], raw: new Uint8Array(bytes).fill(value) }]]),
  batchRows: value,
});

/** Everything that is ready to go on has gone on. */
const settled = () => new Promise((resolve) => setImmediate(resolve));

/** A cache of which every run waits for the test. */
class Stage {
  readonly cache: ResponseCache;
  readonly runs: { key: string; end: PromiseWithResolvers<CachedAnswer> }[] = [];

  constructor(maxBytes = 2 ** 20) {
    this.cache = new ResponseCache(maxBytes);
  }

  ask(key: string, signal?: AbortSignal, digest = 'd') {
    const outcome = this.cache.answer({ key, digest, signal }, () => {
      const end = Promise.withResolvers<CachedAnswer>();
      this.runs.push({ key, end });
      return end.promise;
    });
    outcome.catch(() => undefined);
    return outcome;
  }

  /** The run of the key under way. */
  under(key: string) {
    const run = this.runs.find((candidate) => candidate.key === key);
    if (run === undefined) throw new Error(`nothing runs for ${key}`);
    this.runs.splice(this.runs.indexOf(run), 1);
    return run.end;
  }
}

describe('ResponseCache', () => {
  it('runs the first of equal requests and answers the others, then and later, by its answer', async () => {
    const stage = new Stage();
    const asked = [stage.ask('k'), stage.ask('k'), stage.ask('k')];
    expect(stage.runs).toHaveLength(1);
    stage.under('k').resolve(answerOf(1));
    expect(await Promise.all(asked)).toEqual([answerOf(1), answerOf(1), answerOf(1)]);
    expect(await stage.ask('k')).toEqual(answerOf(1));
    expect(stage.runs).toHaveLength(0);
  });

  it.each(['INFERENCE_FAILED', 'INFERENCE_TIMEOUT'] as const)(
    'shares %s, which follows from the request, and remembers none',
    async (reason) => {
      const stage = new Stage();
      const asked = [stage.ask('k'), stage.ask('k')];
      stage.under('k').reject(errors[reason]('refused'));
      for (const outcome of asked) await expect(outcome).rejects.toMatchObject({ reason });
      const again = stage.ask('k');
      stage.under('k').resolve(answerOf(2));
      expect(await again).toEqual(answerOf(2));
    },
  );

  it.each(['REQUEST_CANCELLED', 'DEADLINE_EXPIRED', 'QUEUE_FULL'] as const)(
    'lets one of those that wait run after %s of the first, and the rest wait for that one',
    async (reason) => {
      const stage = new Stage();
      const first = stage.ask('k');
      const others = [stage.ask('k'), stage.ask('k')];
      stage.under('k').reject(errors[reason]('the first is out'));
      await expect(first).rejects.toMatchObject({ reason });
      await settled();
      expect(stage.runs).toHaveLength(1);
      stage.under('k').resolve(answerOf(3));
      expect(await Promise.all(others)).toEqual([answerOf(3), answerOf(3)]);
    },
  );

  it('lets one that waits go at its own deadline, and no other', async () => {
    const stage = new Stage();
    const controller = new AbortController();
    const first = stage.ask('k');
    const impatient = stage.ask('k', controller.signal);
    controller.abort(errors.DEADLINE_EXPIRED('too late'));
    await expect(impatient).rejects.toMatchObject({ reason: 'DEADLINE_EXPIRED' });
    stage.under('k').resolve(answerOf(4));
    expect(await first).toEqual(answerOf(4));
  });

  it('forgets a version, and does not remember what it had under way', async () => {
    const stage = new Stage();
    const old = stage.ask('old', undefined, 'gone');
    const kept = stage.ask('kept', undefined, 'stays');
    stage.under('old').resolve(answerOf(1));
    stage.under('kept').resolve(answerOf(2));
    await Promise.all([old, kept]);
    const late = stage.ask('late', undefined, 'gone');
    stage.cache.forget('gone');
    stage.under('late').resolve(answerOf(3));
    expect(await late).toEqual(answerOf(3));
    void stage.ask('old', undefined, 'gone');
    void stage.ask('late', undefined, 'gone');
    expect(await stage.ask('kept', undefined, 'stays')).toEqual(answerOf(2));
    expect(stage.runs.map(({ key }) => key)).toEqual(['old', 'late']);
  });

  it('stays within its bytes, also with answers of next to none', async () => {
    const stage = new Stage(10_000);
    for (let index = 0; index < 100; index++) {
      const outcome = stage.ask(`k${index}`);
      stage.under(`k${index}`).resolve(answerOf(index, index));
      await outcome;
      expect(stage.cache.bytes).toBeLessThanOrEqual(10_000);
    }
    expect(stage.cache.entries).toBeGreaterThan(5);
    expect(stage.cache.entries).toBeLessThan(20);
  });

  it('remembers nothing in no bytes', async () => {
    const stage = new Stage(0);
    const first = stage.ask('k');
    stage.under('k').resolve(answerOf(1));
    await first;
    void stage.ask('k');
    expect(stage.runs).toHaveLength(1);
  });
});

const step = fc.oneof(
  { weight: 4, arbitrary: fc.record({ do: fc.constant('ask' as const), key: fc.constantFrom('a', 'b') }) },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant('end' as const),
      key: fc.constantFrom('a', 'b'),
      how: fc.constantFrom('answer', 'refuse', 'lose'),
    }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('abort' as const), caller: fc.nat(20) }) },
);

/** What the cache is to do, said of each caller: the naive oracle keeps lists and looks at all of them every time. */
describe('ResponseCache, whatever happens in whatever order,', () => {
  it('runs each key at most once at a time and gives every caller the outcome that is due', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 30 }), async (steps) => {
        const stage = new Stage();
        const known = new Set<string>();
        const callers: { key: string; controller: AbortController; due?: string; found?: string }[] = [];
        const leader = new Map<string, number>();
        const open = (key: string) =>
          callers.filter((caller) => caller.key === key && caller.due === undefined);
        for (const taken of steps) {
          if (taken.do === 'ask') {
            const controller = new AbortController();
            const caller: (typeof callers)[number] = { key: taken.key, controller };
            callers.push(caller);
            stage.ask(taken.key, controller.signal).then(
              () => (caller.found = 'answer'),
              (error: { reason: string }) => (caller.found = error.reason),
            );
            if (known.has(taken.key)) caller.due = 'answer';
            else if (!leader.has(taken.key)) leader.set(taken.key, callers.indexOf(caller));
          } else if (taken.do === 'abort') {
            const caller = callers[taken.caller];
            if (caller === undefined || caller.due !== undefined) continue;
            caller.controller.abort(errors.REQUEST_CANCELLED('gone'));
            if (leader.get(caller.key) !== taken.caller) caller.due = 'REQUEST_CANCELLED';
          } else if (leader.has(taken.key)) {
            const run = stage.under(taken.key);
            const first = callers[leader.get(taken.key) ?? -1];
            leader.delete(taken.key);
            if (taken.how === 'answer') {
              run.resolve(answerOf(1));
              known.add(taken.key);
              for (const caller of open(taken.key)) caller.due = 'answer';
            } else if (taken.how === 'refuse') {
              run.reject(errors.INFERENCE_FAILED('no'));
              for (const caller of open(taken.key)) caller.due = 'INFERENCE_FAILED';
            } else {
              run.reject(errors.RUNNER_LOST('lost'));
              if (first !== undefined) first.due = 'RUNNER_LOST';
              const [next] = open(taken.key);
              if (next !== undefined) leader.set(taken.key, callers.indexOf(next));
            }
          }
          await settled();
          expect(callers.map(({ found }) => found)).toEqual(callers.map(({ due }) => due));
          expect(stage.runs.map(({ key }) => key).sort()).toEqual([...leader.keys()].sort());
        }
      }),
      { numRuns: 300 },
    );
  });
});
