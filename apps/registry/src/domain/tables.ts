import type { Events } from './event.ts';
import type { GateRecords, Releases } from './release.ts';
import type { Retrainings } from './retraining.ts';
import type { Rollouts } from './rollout.ts';
import type { ApiKeys, Tenants } from './tenant.ts';
import type { KeptVersions, Routes, Traffic } from './traffic.ts';
import type { EvidenceLog, Models, Versions } from './version.ts';

/**
 * The registry's tables within one transaction, all but `tenants` and `traffic` bound to one tenant. Operations name
 * the few they need: `Pick<Tables, 'versions' | 'evidence'>`.
 */
export interface Tables {
  readonly tenants: Tenants;
  readonly apiKeys: ApiKeys;
  readonly models: Models;
  readonly versions: Versions;
  readonly evidence: EvidenceLog;
  readonly gates: GateRecords;
  readonly releases: Releases;
  readonly rollouts: Rollouts;
  readonly routes: Routes;
  readonly kept: KeptVersions;
  readonly traffic: Traffic;
  readonly retrainings: Retrainings;
  readonly events: Events;
}

/** How long a transaction may take. */
export interface Bounds {
  readonly signal: AbortSignal;
  remainingMs(): number;
}

export interface Store {
  /**
   * Runs `work` in one transaction of the tenant; events published in it leave at once after the commit. `work` may
   * run again on a conflict, so it has no effect but through the tables.
   */
  transaction<T>(tenant: string, bounds: Bounds, work: (tables: Tables) => Promise<T>): Promise<T>;
  /** The same on one consistent state, without changes. */
  read<T>(tenant: string, bounds: Bounds, work: (tables: Tables) => Promise<T>): Promise<T>;
}
