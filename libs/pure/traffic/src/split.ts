import { createHash } from 'node:crypto';

/** Basis points that a route's weights add up to. */
export const FULL_WEIGHT_BP = 10_000;

/** One arm of a split. */
export interface WeightedVariant {
  readonly name: string;
  readonly digest: string;
  /** Basis points; the weights of a split add up to 10,000. */
  readonly weightBp: number;
}

/**
 * The bucket in [0, 10,000) of a sticky key: the first 48 bits of SHA-256(salt, 0x00, key), modulo 10,000 (bias below
 * 1e-10). The salt makes routes split independently; the same salt and key always fall into the same bucket.
 */
export function bucketOf(salt: string, key: string): number {
  return createHash('sha256').update(`${salt}\0${key}`).digest().readUIntBE(0, 6) % FULL_WEIGHT_BP;
}

/**
 * The variant that owns a bucket. Variants own consecutive ranges from the top down in the order given, so the first
 * variant keeps the lowest buckets however much the later ones grow: widening a canary moves keys to it, never away.
 * Undefined only where there are no variants.
 */
export function variantOf(variants: readonly WeightedVariant[], bucket: number): WeightedVariant | undefined {
  let ceiling = FULL_WEIGHT_BP;
  for (const variant of variants.toReversed()) {
    ceiling -= variant.weightBp;
    if (bucket >= ceiling) return variant;
  }
  return variants[0];
}

/** Whether a bucket is among the mirrored share. */
export function isMirrored(bucket: number, shareBp: number): boolean {
  return bucket < shareBp;
}
