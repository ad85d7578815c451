export { bucketOf, FULL_WEIGHT_BP, isMirrored, variantOf, type WeightedVariant } from './split.ts';
