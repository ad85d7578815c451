import type { VersionSource } from '../domain/versions/version-source.ts';
import type { VersionTable } from '../domain/versions/version-table.ts';
import type { ModelControl } from '../domain/repository/model-control.ts';
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
  /** Loads and unloads models by name; undefined where they come from a registry. */
  readonly repository: ModelControl | undefined;
}
