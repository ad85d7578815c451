import type { Alert } from './decide-alerts.ts';

export interface AlertQuery {
  /** Undefined: all. */
  readonly model: string | undefined;
  readonly firingOnly: boolean;
}

/** An alert and the position of its latest change; positions ascend within a tenant. */
export interface AlertChange {
  readonly alert: Alert;
  readonly change: bigint;
}

export interface AlertStore {
  /** Newest first. */
  list(tenant: string, query: AlertQuery): Promise<Alert[]>;
  /** Alerts whose latest change lies after `change`, in the order of their changes. */
  changedSince(tenant: string, model: string | undefined, change: bigint): Promise<AlertChange[]>;
}
