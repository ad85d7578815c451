import type { Route as RouteMessage } from '@plumbline/contract-registry';
import type { FieldViolation } from '@plumbline/errors';
import { putRoute as put } from '../domain/put-route.ts';
import { auditClassOf, payloadPolicyOf, routeOf } from '../messages/route.ts';
import { callOf, type Registry, type RegistryHandler } from './handler.ts';
import { isAlias, isBetween, isName, requireValid, rule } from './validate.ts';

export const putRoute =
  ({ store, clock }: Registry): RegistryHandler<'putRoute'> =>
  async ({ route }, context) => {
    requireValid(routeViolations(route));
    const call = callOf(context, clock);
    const epoch = await store.transaction(call.tenant, context, (tables) =>
      put(tables, call, routeOf(route as RouteMessage)),
    );
    return { epoch };
  };

function routeViolations(route: RouteMessage | undefined): FieldViolation[] {
  if (!route) return [{ field: 'route', description: 'is required' }];
  const { featureService, featureServiceVersion } = route;
  return [
    ...isName('route.name', route.name),
    ...isName('route.model', route.model),
    ...isAlias('route.alias', route.alias),
    ...(featureService === '' ? [] : isName('route.feature_service', featureService)),
    ...rule(featureServiceVersion >= 0, 'route.feature_service_version', 'is negative'),
    ...rule(auditClassOf(route.auditClass) !== undefined, 'route.audit_class', 'is unknown'),
    ...rule(payloadPolicyOf(route.payloadPolicy) !== undefined, 'route.payload_policy', 'is unknown'),
    ...isBetween('route.payload_sample_bp', route.payloadSampleBp, 0, 10_000),
  ];
}
