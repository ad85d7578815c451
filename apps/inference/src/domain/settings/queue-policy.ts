/** What becomes of a request that may wait no longer. */
export interface QueuePolicy {
  /** REJECT refuses it with QUEUE_TIMEOUT; DELAY lets it go on, after all that have not timed out. */
  readonly timeoutAction: 'REJECT' | 'DELAY';
  /** Of requests that bring no timeout; 0: none. */
  readonly defaultTimeoutUs: number;
  /** Whether a request's own timeout is heeded; it can only shorten a default. */
  readonly allowTimeoutOverride: boolean;
  /** Most requests that wait; 0: the service's bound alone. */
  readonly maxQueuedRequests: number;
}

/** How requests wait and are gathered into batches. */
export interface QueueSettings {
  /** Row counts that a batch is sent at without waiting for more; ascending. */
  readonly preferredRows: readonly number[];
  /** Longest wait for company while a runner is free. */
  readonly maxDelayUs: number;
  readonly preserveOrdering: boolean;
  /** Policies by priority: index 0 is priority 1, the first to go. At least one. */
  readonly policies: readonly QueuePolicy[];
  /** Priority, counted from 1, of requests that bring none. */
  readonly defaultPriority: number;
}

/** Of requests that nothing is said about. */
export const UNBOUNDED: QueuePolicy = {
  timeoutAction: 'REJECT',
  defaultTimeoutUs: 0,
  allowTimeoutOverride: true,
  maxQueuedRequests: 0,
};

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
