import type { JsonValue } from '@bufbuild/protobuf';
import { RouteSchema } from '@plumbline/contract-registry';
import type { TrafficPlan } from '@plumbline/release';
import type { Queryable } from '@plumbline/sql';
import type { KeptVersions, Routes, RouteTraffic } from '../domain/traffic.ts';
import { routeMessageOf, routeOf } from '../messages/route.ts';
import { jsonOf, messageOf } from './json.ts';

interface RouteRow {
  readonly tenant: string;
  readonly declared: JsonValue;
  readonly salt: string;
  readonly desired: Partial<TrafficPlan>;
  readonly plan: Partial<TrafficPlan>;
  readonly waiting_for: string[];
  readonly requested_epoch: bigint;
  readonly effective_epoch: bigint;
}

/** Routes that fulfil a condition over the columns, by tenant and name. */
export async function selectRoutes(
  tx: Queryable,
  condition: string,
  ...values: unknown[]
): Promise<RouteTraffic[]> {
  const rows = await tx.query<RouteRow>(
    `SELECT tenant, declared, salt, desired, plan, waiting_for, requested_epoch, effective_epoch
     FROM routes WHERE ${condition} ORDER BY tenant, name`,
    values,
  );
  return rows.map(routeOfRow);
}

export function routesOf(tx: Queryable, tenant: string): Routes {
  return {
    byName: async (name) => (await selectRoutes(tx, 'tenant = $1 AND name = $2', tenant, name))[0],
    ofModel: (model) => selectRoutes(tx, 'tenant = $1 AND model = $2', tenant, model),
    put: (route) => putRoute(tx, { ...route, tenant }),
  };
}

export async function putRoute(tx: Queryable, traffic: RouteTraffic): Promise<void> {
  const { tenant, route, salt, desired, plan, waitingFor, requestedEpoch, effectiveEpoch } = traffic;
  await tx.query(
    `INSERT INTO routes (tenant, name, model, declared, salt, desired, plan, waiting_for, requested_epoch,
       effective_epoch)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
     ON CONFLICT (tenant, name) DO UPDATE SET model = excluded.model, declared = excluded.declared,
       desired = excluded.desired, plan = excluded.plan, waiting_for = excluded.waiting_for,
       requested_epoch = excluded.requested_epoch, effective_epoch = excluded.effective_epoch`,
    [
      tenant,
      route.name,
      route.model,
      jsonOf(RouteSchema, routeMessageOf(route)),
      salt,
      JSON.stringify(desired),
      JSON.stringify(plan),
      waitingFor,
      requestedEpoch,
      effectiveEpoch,
    ],
  );
}

function routeOfRow(row: RouteRow): RouteTraffic {
  return {
    tenant: row.tenant,
    route: routeOf(messageOf(RouteSchema, row.declared)),
    salt: row.salt,
    desired: planOf(row.desired),
    plan: planOf(row.plan),
    waitingFor: row.waiting_for,
    requestedEpoch: row.requested_epoch,
    effectiveEpoch: row.effective_epoch,
  };
}

const planOf = ({ champion, canary, shadow }: Partial<TrafficPlan>): TrafficPlan => ({
  champion,
  canary,
  shadow,
});

export function keptVersionsOf(tx: Queryable, tenant: string): KeptVersions {
  return {
    ofModel: (model) =>
      tx.query(
        `SELECT digest, released_epoch IS NOT NULL AS released FROM kept_versions
         WHERE tenant = $1 AND model = $2`,
        [tenant, model],
      ),
    async keep(model, digest) {
      await tx.query(
        `INSERT INTO kept_versions (tenant, model, digest) VALUES ($1, $2, $3)
         ON CONFLICT (tenant, model, digest) DO UPDATE SET released_epoch = NULL`,
        [tenant, model, digest],
      );
    },
    async release(model, digest, epoch) {
      await tx.query(
        `UPDATE kept_versions SET released_epoch = $4 WHERE tenant = $1 AND model = $2 AND digest = $3`,
        [tenant, model, digest, epoch],
      );
    },
  };
}
