import type { VersionSource } from '../domain/versions/version-source.ts';
import type { VersionTable } from '../domain/versions/version-table.ts';
import type { RepositorySource } from '../domain/repository/repository-source.ts';
import type { Contents } from '../store/folder-objects.ts';

/** Where versions come from: what is listed, and the bytes of what is listed. */
export interface Origin {
  readonly contents: Contents;
  /** How long a version that is no longer listed still answers. */
  readonly graceMs: number;
  /** @param onLook called after each look, whatever came of it. */
  follow(table: VersionTable, onLook: () => void): Followed;
}

export interface Followed {
  readonly source: VersionSource;
  /** The same source, where models may be loaded and unloaded by name. */
  readonly repository: RepositorySource | undefined;
}
