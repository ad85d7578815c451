import type { ManifestFile } from '@plumbline/release';
import type { Signature } from '@plumbline/signature';
import type { GoldenSet } from './golden.ts';
import type { ModelFile } from '../runners/runner.ts';
import type { PlaceOf } from '../settings/config-fault.ts';
import type { ModelConfig } from '../settings/model-config.ts';

/** The files of a version that serving needs; each has been read and has its digest and size. */
export interface VersionContent {
  readonly model: ModelFile;
  readonly modelBytes: number;
  readonly signature: Signature | undefined;
  readonly golden: GoldenSet | undefined;
  readonly config: ModelConfig;
  /** Of the configuration's fields. */
  readonly placeOf: PlaceOf;
  /** The files that the configuration names, by path. */
  readonly named: ReadonlyMap<string, Uint8Array>;
}

/** The object store as this service sees it. */
export interface ArtifactStore {
  /** Reads and verifies every file. Rejects with ARTIFACT_MISSING, ARTIFACT_CORRUPT, GOLDEN_MISMATCH or MODEL_CONFIG_INVALID. */
  read(files: readonly ManifestFile[]): Promise<VersionContent>;
}
