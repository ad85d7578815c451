import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import fc from 'fast-check';
import { StallWatch, type Stallable } from './stall-watch.ts';

const STALL_MS = 100;

class Call implements Stallable {
  dueMs: number | undefined;
  previous: Stallable | undefined;
  next: Stallable | undefined;
  isStalled = true;
  failures = 0;
  onFail = (): void => undefined;

  fail(): void {
    this.failures++;
    this.onFail();
  }
}

beforeEach(() => {
  jest.useFakeTimers();
});
afterEach(() => {
  jest.useRealTimers();
});

describe('the watch over calls that stall', () => {
  const steps = fc.array(
    fc.record({
      call: fc.nat(3),
      step: fc.constantFrom('watch' as const, 'settle' as const, 'wait' as const),
      ms: fc.integer({ min: 1, max: 80 }),
    }),
    { maxLength: 40 },
  );

  it('fails each that is watched for as long as it may take, and nobody else, as a map of times would', () => {
    fc.assert(
      fc.property(steps, (taken) => {
        const watch = new StallWatch(STALL_MS);
        const calls = Array.from({ length: 4 }, () => new Call());
        const due = new Map<number, number>();
        const failed = [0, 0, 0, 0];
        for (const { call, step, ms } of taken) {
          if (step === 'watch') due.set(call, watch.watch(calls[call] as Call));
          else if (step === 'settle') {
            watch.settle(calls[call] as Call);
            due.delete(call);
          } else jest.advanceTimersByTime(ms);
          for (const [each, dueMs] of due) {
            if (dueMs > performance.now()) continue;
            due.delete(each);
            failed[each] = (failed[each] ?? 0) + 1;
          }
          expect(calls.map(({ failures }) => failures)).toEqual(failed);
        }
        for (const call of calls) watch.settle(call);
        jest.advanceTimersByTime(2 * STALL_MS);
        expect(calls.map(({ failures }) => failures)).toEqual(failed);
      }),
    );
  });

  it('gives those as much time again who have not stalled', () => {
    const watch = new StallWatch(STALL_MS);
    const call = new Call();
    call.isStalled = false;
    watch.watch(call);
    jest.advanceTimersByTime(STALL_MS + 1);
    call.isStalled = true;
    expect(call.failures).toBe(0);
    jest.advanceTimersByTime(STALL_MS + 1);
    expect(call.failures).toBe(1);
  });

  it('may be asked again, and let go, by a call that it fails', () => {
    const watch = new StallWatch(STALL_MS);
    const [again, leaving, other] = [new Call(), new Call(), new Call()];
    for (const call of [again, leaving, other]) watch.watch(call);
    again.onFail = () => {
      if (again.failures === 1) watch.watch(again);
      watch.settle(leaving);
    };
    jest.advanceTimersByTime(3 * STALL_MS);
    expect([again.failures, leaving.failures, other.failures]).toEqual([2, 0, 1]);
  });
});
