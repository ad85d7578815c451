import type { VersionStatistics } from '../batching/statistics.ts';
import type { HeldVersion, ServingVersion, VersionFacts } from './find-version.ts';
import type { Standing } from './plan-versions.ts';
import type { ListedVersion, LoadFailure, LoadState, Owner } from '../traffic.ts';

/** What there is to tell of a version that is held. */
export interface VersionReport {
  readonly version: ListedVersion;
  readonly state: Standing['state'];
  /** Undefined where it does not answer now. */
  readonly serving: ServingVersion | undefined;
  /** Of its last load, unless one failed since; also while it is unloaded for memory. */
  readonly facts: VersionFacts | undefined;
  readonly failure: LoadFailure | undefined;
  /** Of all its work since it was first loaded, also before it was unloaded for memory. Undefined until then. */
  readonly statistics: VersionStatistics | undefined;
}

export function reportOf({
  version,
  standing,
  serving,
  facts,
  failure,
  statistics,
}: HeldVersion): VersionReport {
  return { version, state: standing.state, serving, facts, failure, statistics };
}

/** A version as one of its owners knows it. */
export interface OwnedReport {
  readonly report: VersionReport;
  readonly owner: Owner;
}

/** Every version once for each of the tenant's names for it. @param model empty: of all models. */
export function ownedReports(
  reports: readonly VersionReport[],
  tenant: string,
  model: string,
): readonly OwnedReport[] {
  return reports.flatMap((report) =>
    report.version.owners
      .filter((owner) => owner.tenant === tenant && (model === '' || owner.model === model))
      .map((owner) => ({ report, owner })),
  );
}

/** The versions that answer, and those that could not be loaded. */
export function loadStateOf(reports: readonly VersionReport[]): LoadState {
  return {
    loadedDigests: reports.filter(goesOnAnswering).map(({ version }) => version.digest),
    failures: reports.flatMap(({ failure }) => failure ?? []),
  };
}

/** True when the version answers and goes on answering, be it after it has been loaded again. */
export function goesOnAnswering({ facts, state }: Pick<VersionReport, 'facts' | 'state'>): boolean {
  return facts !== undefined && state !== 'DRAINING';
}
