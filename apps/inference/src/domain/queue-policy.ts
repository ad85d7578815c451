import type { QueuePolicy, QueueSettings } from './model-settings.ts';

/** Index of the policy of a request's priority; that of the default where it brings none that exists. */
export function levelOf({ policies, defaultPriority }: QueueSettings, priority: number | undefined): number {
  const given = priority !== undefined && priority >= 1 && priority <= policies.length;
  return (given ? priority : defaultPriority) - 1;
}

/**
 * Longest wait in the queue, microseconds; Infinity: none. A request's own timeout counts where the policy lets it, and
 * then only shortens the policy's. Unlike Triton's, it also counts where the policy itself has none
 * (its scheduler_utils.cc compares with the default 0).
 */
export function queueTimeoutUs(policy: QueuePolicy, requestTimeoutUs: number | undefined): number {
  const own = policy.allowTimeoutOverride ? orNone(requestTimeoutUs) : Infinity;
  return Math.min(orNone(policy.defaultTimeoutUs), own);
}

function orNone(timeoutUs: number | undefined): number {
  return timeoutUs === undefined || timeoutUs === 0 ? Infinity : timeoutUs;
}
