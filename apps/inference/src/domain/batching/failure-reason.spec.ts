import { describe, expect, it } from '@jest/globals';
import { errors } from '../errors.ts';
import { failureReason } from './failure-reason.ts';

describe('failureReason', () => {
  it.each([
    [errors.QUEUE_TIMEOUT('late'), 'REJECTED'],
    [errors.DEADLINE_EXPIRED('late'), 'REJECTED'],
    [errors.REQUEST_CANCELLED('gone'), 'CANCELED'],
    [errors.REQUEST_CRASHED_RUNNER('crash'), 'BACKEND'],
    [errors.INFERENCE_FAILED('refused'), 'BACKEND'],
    [errors.SHAPE_MISMATCH('shape'), 'OTHER'],
    [new Error('unknown'), 'OTHER'],
  ])('counts %s as %s', (error, reason) => {
    expect(failureReason(error)).toBe(reason);
  });
});
