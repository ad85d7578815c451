import type { Signature } from '@plumbline/signature';
import { bucketOf, variantOf, type WeightedVariant } from '@plumbline/traffic';
import { errors } from './errors.ts';

/** When the record of a prediction must be durable; see the architecture's path of truth. */
export type AuditClass = 'standard' | 'mandatory';
export type PayloadPolicy = 'full' | 'sampled' | 'none';

/** A route as the gateway executes it: immutable within an epoch. */
export interface RoutePlan {
  readonly name: string;
  readonly model: string;
  /** Empty where Predict is not offered. */
  readonly featureService: string;
  readonly featureServiceVersion: number;
  readonly auditClass: AuditClass;
  readonly payloadPolicy: PayloadPolicy;
  readonly payloadSampleBp: number;
  readonly variants: readonly WeightedVariant[];
  /** Undefined where nothing is mirrored. */
  readonly shadow: { readonly digest: string; readonly shareBp: number } | undefined;
  readonly salt: string;
}

export interface ApiKey {
  readonly keyId: string;
  readonly tenant: string;
  readonly name: string;
  readonly scopes: readonly string[];
}

/** Everything a gateway decides by, at one epoch. Replaced as a whole, never changed. */
export interface RoutingTable {
  readonly epoch: bigint;
  route(tenant: string, name: string): RoutePlan | undefined;
  /** By the lower-case hex SHA-256 of the key's secret. */
  apiKey(secretSha256: string): ApiKey | undefined;
  /** Undefined for versions that the gateway does not know. */
  signature(digest: string): Signature | undefined;
}

/** Where a request goes. */
export interface RouteDecision {
  readonly plan: RoutePlan;
  readonly variant: WeightedVariant;
  /** Of the sticky key, in [0, 10,000). */
  readonly bucket: number;
  readonly epoch: bigint;
}

/** Picks the variant that answers; the same key stays on it within an epoch. */
export function decideRoute(
  table: RoutingTable,
  tenant: string,
  name: string,
  stickyKey: string,
): RouteDecision {
  const plan = table.route(tenant, name);
  if (plan === undefined)
    throw errors.ROUTE_NOT_FOUND(`no route "${name}" in this tenant`, { metadata: { route: name } });
  const bucket = bucketOf(plan.salt, stickyKey);
  const variant = variantOf(plan.variants, bucket);
  if (variant === undefined) {
    throw errors.NO_VERSION_RELEASED(`route "${name}" has no released version yet`, {
      metadata: { route: name },
    });
  }
  return { plan, variant, bucket, epoch: table.epoch };
}
