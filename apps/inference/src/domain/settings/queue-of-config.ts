import { configFault } from './config-fault.ts';
import type { DynamicBatching } from './model-config.ts';
import { UNBOUNDED, type QueueSettings } from './queue-policy.ts';

/** More would make a queue of mostly empty lines. */
const MAX_PRIORITY_LEVELS = 64;

/**
 * How requests of a model wait. Without a configuration all are alike, wait for nothing but a runner, and their own
 * timeouts are heeded.
 * @throws ServiceError MODEL_CONFIG_INVALID naming the field.
 */
export function queueOfConfig(batching: DynamicBatching | undefined, maxBatchRows: number): QueueSettings {
  if (batching === undefined) return { ...PLAIN, policies: [UNBOUNDED] };
  const { preferredRows, maxDelayUs, preserveOrdering, defaultPriority } = batching;
  if (maxBatchRows === 0 && (maxDelayUs > 0 || !hasQueuePolicy(batching))) {
    throw configFault(
      'dynamic_batching',
      'is given, but requests have no batch dimension (max_batch_size is 0 or not given): nothing can be batched',
    );
  }
  const wrong = preferredRows.find((rows) => rows < 1 || rows > maxBatchRows);
  if (wrong !== undefined) {
    throw invalid('preferred_batch_size', `holds ${wrong}, with batches of 1 to ${maxBatchRows} rows`);
  }
  const levels = levelsOf(batching);
  return {
    preferredRows: [...new Set(preferredRows)].sort((left, right) => left - right),
    maxDelayUs,
    preserveOrdering,
    policies: Array.from(
      { length: levels },
      (_, index) => batching.policies.get(index + 1) ?? batching.defaultPolicy ?? UNBOUNDED,
    ),
    defaultPriority: Math.max(defaultPriority, 1),
  };
}

const PLAIN: Omit<QueueSettings, 'policies'> = {
  preferredRows: [],
  maxDelayUs: 0,
  preserveOrdering: false,
  defaultPriority: 1,
};

/** Whether more is said than that batches form: it counts for requests that run one by one, too. */
function hasQueuePolicy({ preserveOrdering, priorityLevels, defaultPolicy }: DynamicBatching): boolean {
  return preserveOrdering || priorityLevels > 0 || defaultPolicy !== undefined;
}

function levelsOf({ priorityLevels, defaultPriority, policies }: DynamicBatching): number {
  if (priorityLevels > MAX_PRIORITY_LEVELS) {
    throw invalid('priority_levels', `is ${priorityLevels}; at most ${MAX_PRIORITY_LEVELS} are kept`);
  }
  if (priorityLevels > 0 && (defaultPriority < 1 || defaultPriority > priorityLevels)) {
    throw invalid('default_priority_level', `is ${defaultPriority}, not one of 1 to ${priorityLevels}`);
  }
  if (priorityLevels === 0 && defaultPriority > 0) {
    throw invalid('default_priority_level', `is ${defaultPriority} without priority_levels`);
  }
  const foreign = [...policies.keys()].find((level) => level < 1 || level > priorityLevels);
  if (foreign !== undefined) {
    throw invalid('priority_queue_policy', `names the priority ${foreign} of ${priorityLevels} levels`);
  }
  return Math.max(priorityLevels, 1);
}

function invalid(field: string, problem: string): Error {
  return configFault(`dynamic_batching.${field}`, problem);
}
