import type { MessageInitShape } from '@bufbuild/protobuf';
import {
  AuditClass as AuditMessage,
  PayloadPolicy as PolicyMessage,
  type Route as RouteMessage,
  type RouteSchema,
} from '@plumbline/contract-registry';
import type { AuditClass, PayloadPolicy, Route } from '../domain/traffic.ts';

const AUDIT: { readonly [C in AuditClass]: AuditMessage } = {
  standard: AuditMessage.STANDARD,
  mandatory: AuditMessage.MANDATORY,
};
const POLICIES: { readonly [P in PayloadPolicy]: PolicyMessage } = {
  full: PolicyMessage.FULL,
  sampled: PolicyMessage.SAMPLED,
  none: PolicyMessage.NONE,
};

/** Undefined for values that this build does not know; UNSPECIFIED is STANDARD. */
export function auditClassOf(message: AuditMessage): AuditClass | undefined {
  if (message === AuditMessage.UNSPECIFIED) return 'standard';
  return (Object.keys(AUDIT) as AuditClass[]).find((one) => AUDIT[one] === message);
}

/** Undefined for values that this build does not know; UNSPECIFIED is FULL. */
export function payloadPolicyOf(message: PolicyMessage): PayloadPolicy | undefined {
  if (message === PolicyMessage.UNSPECIFIED) return 'full';
  return (Object.keys(POLICIES) as PayloadPolicy[]).find((one) => POLICIES[one] === message);
}

/** Enum values must have been checked. */
export function routeOf(message: RouteMessage): Route {
  const { name, model, alias, featureService, featureServiceVersion, payloadSampleBp } = message;
  return {
    name,
    model,
    alias,
    featureService,
    featureServiceVersion,
    payloadSampleBp,
    auditClass: auditClassOf(message.auditClass) ?? 'standard',
    payloadPolicy: payloadPolicyOf(message.payloadPolicy) ?? 'full',
  };
}

export function routeMessageOf(route: Route): MessageInitShape<typeof RouteSchema> {
  return {
    ...route,
    auditClass: AUDIT[route.auditClass],
    payloadPolicy: POLICIES[route.payloadPolicy],
  };
}
