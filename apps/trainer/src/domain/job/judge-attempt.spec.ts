import { Code, ServiceError, type CodeName } from '@plumbline/errors';
import { describe, expect, it } from '@jest/globals';
import { judgeAttempt, judgeStart } from './judge-attempt.ts';

const failure = (code: CodeName) => new ServiceError(Code[code], 'SOME_REASON', 'so it is');

describe('judgeAttempt', () => {
  it.each([
    ['UNAVAILABLE', 1, { kind: 'again', delayMs: 500, countsAsAttempt: true }],
    ['UNAVAILABLE', 9, { kind: 'again', delayMs: 30_000, countsAsAttempt: true }],
    ['UNAVAILABLE', 10, { kind: 'failed', failure: 'SOME_REASON: so it is' }],
    ['ABORTED', 2, { kind: 'again', delayMs: 1_000, countsAsAttempt: true }],
    ['ABORTED', 3, { kind: 'failed', failure: 'SOME_REASON: so it is' }],
    ['FAILED_PRECONDITION', 1, { kind: 'failed', failure: 'SOME_REASON: so it is' }],
    ['INTERNAL', 1, { kind: 'failed', failure: 'SOME_REASON: so it is' }],
  ] as const)('answers %s in attempt %i with %j', (code, attempts, verdict) => {
    expect(judgeAttempt(failure(code), attempts)).toEqual(verdict);
  });

  it('tells callers nothing of what it does not know', () => {
    const verdict = judgeAttempt(new TypeError('secret'), 1);
    expect(verdict).toEqual({ kind: 'failed', failure: expect.not.stringContaining('secret') });
  });
});

describe('judgeStart', () => {
  it('gives up a job that was started ten times and never ended', () => {
    expect(judgeStart(10)).toBeUndefined();
    expect(judgeStart(11)).toEqual({ kind: 'failed', failure: expect.stringContaining('JOB_ABANDONED') });
  });
});
