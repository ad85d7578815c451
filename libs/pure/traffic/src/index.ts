export { EXECUTION_TRAILER, formatExecution, parseExecution, type Execution } from './execution.ts';
export { bucketOf, FULL_WEIGHT_BP, isMirrored, variantOf, type WeightedVariant } from './split.ts';
