import type { Screen } from '../terminal/screen.ts';
import type { CallerClients, TenantClients } from './clients.ts';

/** What every step of the journey works with. */
export interface Setting {
  readonly screen: Screen;
  readonly clients: TenantClients;
  readonly caller: CallerClients;
  /** Directory that the feature store may read files from. */
  readonly inboxDirectory: string;
  /** Commit of this checkout; empty when unknown. */
  readonly codeCommit: string;
}

export const MODEL = 'flight_delay';
export const ROUTE = 'flight_delay';
export const FEATURE_SERVICE = 'flight_delay';
export const SOURCE = 'outcomes';
export const CHAMPION = 'champion';
/** The simplest score that a model must beat: the share of late arrivals among the origin's last 24 hours. */
export const BASELINE_FEATURE = 'airport_outcomes:late_share_24h';
