import { describe, expect, it } from '@jest/globals';
import { defaultSettings } from './model-settings.ts';
import { type QueuePolicy, levelOf, queueTimeoutUs } from './queue-policy.ts';

const policy = (defaultTimeoutUs: number, allowTimeoutOverride: boolean): QueuePolicy => ({
  timeoutAction: 'REJECT',
  defaultTimeoutUs,
  allowTimeoutOverride,
  maxQueuedRequests: 0,
});

describe('levelOf', () => {
  const { queue } = defaultSettings({ maxBatchRows: 8, runners: 1, device: 'cpu' });
  const three = {
    ...queue,
    policies: [policy(0, true), policy(0, true), policy(0, true)],
    defaultPriority: 2,
  };

  it.each<[number | undefined, number]>([
    [undefined, 1],
    [0, 1],
    [1, 0],
    [3, 2],
    [4, 1],
  ])('takes the priority %s to index %s', (priority, level) => {
    expect(levelOf(three, priority)).toBe(level);
  });
});

describe('queueTimeoutUs', () => {
  it.each<[string, QueuePolicy, number | undefined, number]>([
    ['none where neither has one', policy(0, true), undefined, Infinity],
    ["the policy's where the request has none", policy(500, true), 0, 500],
    ["the request's where the policy has none", policy(0, true), 70, 70],
    ["the request's where it is shorter", policy(500, true), 70, 70],
    ["the policy's where the request's is longer", policy(500, true), 900, 500],
    ["the policy's where requests have no say", policy(500, false), 70, 500],
    ['none where requests have no say and the policy has none', policy(0, false), 70, Infinity],
  ])('is %s', (_case, given, requestTimeoutUs, expected) => {
    expect(queueTimeoutUs(given, requestTimeoutUs)).toBe(expected);
  });
});
