import { randomUUID } from 'node:crypto';
import { NO_TRAFFIC } from '@plumbline/release';
import type { Call } from './call.ts';
import { decided } from './event.ts';
import { lockModel } from './refuse.ts';
import { settleModel } from './settle-model.ts';
import type { Tables } from './tables.ts';
import type { Route, RouteTraffic } from './traffic.ts';

type Touched = 'models' | 'releases' | 'rollouts' | 'routes' | 'kept' | 'traffic' | 'events';

/**
 * Declares a route. Declared again it keeps its salt, so that callers stay on their variant; pointed at another
 * model or alias it starts without traffic until those versions are loaded.
 */
export async function putRoute(tables: Pick<Tables, Touched>, call: Call, route: Route): Promise<bigint> {
  const before = await tables.routes.byName(route.name);
  for (const model of modelsOf(route, before)) await lockModel(tables, model);
  if (before && sameRoute(before.route, route)) return before.requestedEpoch;
  const epoch = await tables.traffic.nextEpoch();
  await tables.routes.put(redeclare(call.tenant, route, before, epoch));
  for (const model of modelsOf(route, before)) await settleModel(tables, model, epoch, call.nowUs);
  await tables.events.publish(
    call.nowUs,
    { kind: 'traffic-changed', epoch },
    decided(call, declarationOf(route)),
  );
  return epoch;
}

function declarationOf({ name, model, alias, auditClass, payloadPolicy }: Route) {
  return {
    action: 'route_declared',
    subject: `route/${name}`,
    outcome: `model/${model}/alias/${alias}`,
    reasons: [`audit class ${auditClass}, payload policy ${payloadPolicy}`],
  };
}

/** In one order, so that concurrent calls lock alike. */
function modelsOf(route: Route, before: RouteTraffic | undefined): string[] {
  return [...new Set([route.model, before?.route.model ?? route.model])].sort();
}

function redeclare(
  tenant: string,
  route: Route,
  before: RouteTraffic | undefined,
  epoch: bigint,
): RouteTraffic {
  const sameTarget = before?.route.model === route.model && before.route.alias === route.alias;
  if (before && sameTarget) return { ...before, route, requestedEpoch: epoch, effectiveEpoch: epoch };
  return {
    tenant,
    route,
    salt: before?.salt ?? randomUUID(),
    desired: NO_TRAFFIC,
    plan: NO_TRAFFIC,
    waitingFor: [],
    requestedEpoch: epoch,
    effectiveEpoch: epoch,
  };
}

function sameRoute(a: Route, b: Route): boolean {
  return (Object.keys(a) as (keyof Route)[]).every((key) => a[key] === b[key]);
}
