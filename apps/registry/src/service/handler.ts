import type { RegistryService, TenantService, TrafficService } from '@plumbline/contract-registry';
import type { ObjectStore } from '@plumbline/objects';
import { formatCaller, requireTenant, type CallContext, type Handler } from '@plumbline/rpc';
import type { Clock } from '@plumbline/service';
import type { Call } from '../domain/call.ts';
import type { RollbackPolicy } from '../domain/roll-back.ts';
import type { Store } from '../domain/tables.ts';
import type { Changes } from './changes.ts';

/** What the handlers share. */
export interface Registry {
  readonly store: Store;
  readonly objects: Pick<ObjectStore, 'open'>;
  readonly clock: Clock;
  readonly rollback: RollbackPolicy;
  readonly changes: Changes;
  /** How long a replica's lease lasts without renewal. */
  readonly leaseUs: bigint;
}

export type RegistryHandler<K extends keyof (typeof RegistryService)['method']> = Handler<
  (typeof RegistryService)['method'][K]
>;
export type TenantHandler<K extends keyof (typeof TenantService)['method']> = Handler<
  (typeof TenantService)['method'][K]
>;
export type TrafficHandler<K extends keyof (typeof TrafficService)['method']> = Handler<
  (typeof TrafficService)['method'][K]
>;

/** For calls that span all tenants. */
export const NO_TENANT = '';

/** @throws ServiceError TENANT_REQUIRED */
export function callOf(context: CallContext, clock: Clock, tenant = requireTenant(context)): Call {
  return { tenant, actor: actorOf(context), nowUs: clock.nowUs() };
}

/** Who asked, `kind:id`, and through whom where a service acts for someone else. */
function actorOf({ caller }: CallContext): string {
  const actor = formatCaller(caller);
  return caller.via === undefined ? actor : `${actor} via ${caller.via}`;
}
