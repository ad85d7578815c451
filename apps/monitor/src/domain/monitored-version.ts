import { baselinesOf, type ColumnBaseline, type Profile } from '@plumbline/statistics';

/** A metric as it was measured offline. */
export interface OfflineMetric {
  readonly name: string;
  readonly value: number;
  readonly lower: number;
  readonly upper: number;
  readonly confidence: number;
  readonly n: bigint;
  readonly slice: string;
}

/** A model version as monitoring sees it; immutable. */
export interface MonitoredVersion {
  readonly digest: string;
  readonly profile: Profile | undefined;
  /** Columns of the baseline, features in order and then the score, for windows of its own block; empty without. */
  readonly columns: readonly ColumnBaseline[];
  readonly offline: readonly OfflineMetric[];
}

export function monitoredVersion(
  digest: string,
  profile: Profile | undefined,
  offline: readonly OfflineMetric[],
): MonitoredVersion {
  return { digest, profile, columns: profile === undefined ? [] : baselinesOf(profile), offline };
}

/** Where versions come from; one that is unknown there is a version without a baseline. */
export interface Versions {
  get(tenant: string, model: string, digest: string): Promise<MonitoredVersion>;
}
