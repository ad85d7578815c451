import { describe, expect, it } from '@jest/globals';
import { Code, ServiceError, type CodeName } from '@plumbline/errors';
import { judgeFailure } from './judge-failure.ts';

const failure = (code: CodeName) => new ServiceError(Code[code], 'SOME_REASON', 'message');
const first = { attempt: 1, delivery: 1, maxDeliver: 8 };

describe('judgeFailure', () => {
  it.each(['INVALID_ARGUMENT', 'NOT_FOUND', 'FAILED_PRECONDITION', 'DATA_LOSS'] as const)(
    'buries a %s at once, with its reason',
    (code) => {
      expect(judgeFailure(failure(code), first)).toEqual({ action: 'bury', reason: 'SOME_REASON' });
    },
  );

  it('waits for what is unavailable, however often it was delivered', () => {
    const late = { attempt: 30, delivery: 99, maxDeliver: 8 };
    expect(judgeFailure(failure('UNAVAILABLE'), late)).toEqual({ action: 'wait', delayMs: 30_000 });
  });

  it.each(['DEADLINE_EXCEEDED', 'ABORTED', 'RESOURCE_EXHAUSTED', 'INTERNAL'] as const)(
    'has a %s delivered again, with growing pauses, until deliveries are exhausted',
    (code) => {
      const delays = [1, 2, 3, 7].map((delivery) => judgeFailure(failure(code), { ...first, delivery }));
      expect(delays).toEqual([
        { action: 'retry', delayMs: 100 },
        { action: 'retry', delayMs: 400 },
        { action: 'retry', delayMs: 1_600 },
        { action: 'retry', delayMs: 30_000 },
      ]);
      expect(judgeFailure(failure(code), { ...first, delivery: 8 })).toEqual({
        action: 'bury',
        reason: 'SOME_REASON',
      });
    },
  );

  it('names exhausted deliveries of errors without a reason', () => {
    expect(judgeFailure(new TypeError('x'), { ...first, delivery: 8 })).toEqual({
      action: 'bury',
      reason: 'DELIVERIES_EXHAUSTED',
    });
  });
});
