import { enqueue } from '@plumbline/events';
import { within, type Database, type Queryable } from '@plumbline/sql';
import type { Events } from '../domain/event.ts';
import type { Store, Tables } from '../domain/tables.ts';
import { outgoingEventOf } from '../messages/event.ts';
import { evidenceLogOf } from './evidence.ts';
import { gateRecordsOf } from './gate-records.ts';
import { releasesOf } from './releases.ts';
import { retrainingsOf } from './retrainings.ts';
import { rolloutsOf } from './rollouts.ts';
import { keptVersionsOf, routesOf } from './routes.ts';
import { apiKeysOf, tenantsOf } from './tenants.ts';
import { trafficOf } from './traffic.ts';
import { modelsOf, versionsOf } from './versions.ts';

/** The registry's tables in Postgres. The tenant is bound here, so that no query can leave it out. */
export function openStore(database: Database): Store {
  return {
    transaction: (tenant, bounds, work) =>
      database.transaction((tx) => work(tablesOf(tx, tenant)), within(bounds)),
    read: (tenant, bounds, work) =>
      database.transaction((tx) => work(tablesOf(tx, tenant)), {
        ...within(bounds),
        isolation: 'repeatable read',
        readOnly: true,
      }),
  };
}

export function tablesOf(tx: Queryable, tenant: string): Tables {
  return {
    tenants: tenantsOf(tx),
    apiKeys: apiKeysOf(tx, tenant),
    models: modelsOf(tx, tenant),
    versions: versionsOf(tx, tenant),
    evidence: evidenceLogOf(tx, tenant),
    gates: gateRecordsOf(tx, tenant),
    releases: releasesOf(tx, tenant),
    rollouts: rolloutsOf(tx, tenant),
    routes: routesOf(tx, tenant),
    kept: keptVersionsOf(tx, tenant),
    traffic: trafficOf(tx),
    retrainings: retrainingsOf(tx, tenant),
    events: outbox(tx, tenant),
  };
}

function outbox(tx: Queryable, tenant: string): Events {
  return {
    publish: (nowUs, ...events) =>
      enqueue(
        tx,
        events.map((event) => outgoingEventOf(event, tenant, nowUs)),
      ),
  };
}
