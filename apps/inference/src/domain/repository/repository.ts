import type { ServiceError } from '@plumbline/errors';
import type { ManifestFile } from '@plumbline/release';

/** A version of a model of a repository. */
export interface RepositoryVersion {
  /** Digest of the manifest of its files, those of the model's configuration included. */
  readonly digest: string;
  /** The name of its folder: 1, 2, … */
  readonly number: number;
  readonly files: readonly ManifestFile[];
}

/** A model's folder as one look found it. */
export interface RepositoryModel {
  readonly name: string;
  /** The versions that its version policy serves, ascending by number; none where there is a problem. */
  readonly versions: readonly RepositoryVersion[];
  /** Why no version of it can be served. */
  readonly problem: ServiceError | undefined;
}

/** What a caller has put in the place of a model's files. */
export interface ModelOverride {
  /** A configuration as JSON. */
  readonly config: string;
  /** Contents by `<version>/<path>`; where there are any, they take the place of all files. */
  readonly files: ReadonlyMap<string, Uint8Array>;
}

/** A folder of models as this service sees it. */
export interface ModelRepository {
  /** The models that are there, ascending. Rejects with REPOSITORY_UNAVAILABLE where the folder cannot be read. */
  names(): Promise<readonly string[]>;
  /**
   * One model as it is now. Undefined where there is no such folder, and the override brings no files. Rejects for an
   * override that cannot be taken, with MODEL_CONFIG_INVALID or LOAD_PARAMETER_INVALID; with the signal's reason when
   * that fires. Nothing is kept of an override that is rejected, or whose model has a problem.
   */
  find(
    name: string,
    override: ModelOverride | undefined,
    signal: AbortSignal,
  ): Promise<RepositoryModel | undefined>;
  /**
   * Forgets files and lets go of what overrides brought before, but for contents with these digests. Never rejects: what
   * could not be let go of is, by a later call.
   */
  retain(digests: ReadonlySet<string>): Promise<void>;
}
