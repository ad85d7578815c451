import type { ListedVersion, Owner } from './domain/traffic.ts';
import type { VersionReport } from './domain/versions/version-reports.ts';

/** Log fields that say which version a digest is; of several owners each, in the same order. */
export interface VersionName {
  readonly digest: string;
  readonly model?: string;
  readonly modelVersion?: string;
}

/** What versions are called in log lines: by their owners, also after they are gone. */
export class VersionNames {
  readonly #owners = new Map<string, readonly Owner[]>();

  /** Takes note of versions as they are called now. */
  learn(versions: Iterable<ListedVersion>): void {
    for (const { digest, owners } of versions) this.#owners.set(digest, owners);
  }

  of(digest: string): VersionName {
    return { digest, ...ownerFields(this.#owners.get(digest) ?? []) };
  }

  forget(digest: string): void {
    this.#owners.delete(digest);
  }
}

/** Whose a version is, as log fields; none where that is not known. */
export function ownerFields(owners: readonly Owner[]): Omit<VersionName, 'digest'> {
  if (owners.length === 0) return {};
  return {
    model: owners.map(({ model }) => model).join(', '),
    modelVersion: owners.map(({ number }) => number).join(', '),
  };
}

/** How a start went, for people: `2 of 3 versions from /models are served; failed: flights/3 (MODEL_INVALID)`. */
export function describeStart(reports: readonly VersionReport[], source: string): string {
  const failures = reports.flatMap(({ version, failure }) =>
    failure === undefined ? [] : [`${nameOf(version)} (${failure.reason})`],
  );
  const served = reports.length - failures.length;
  const summary = `${served} of ${reports.length} versions from ${source} are served`;
  return failures.length === 0 ? summary : `${summary}; failed: ${failures.join(', ')}`;
}

function nameOf({ digest, owners }: ListedVersion): string {
  return owners.map(({ model, number }) => `${model}/${number}`).join(' = ') || digest;
}
