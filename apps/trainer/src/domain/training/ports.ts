import type { Evidence } from '../evaluation/evidence.ts';
import type { Metric } from '../evaluation/measure.ts';
import type { Dataset } from './dataset.ts';
import type { DatasetRequest } from './training-spec.ts';

/** Builds data sets; the feature store. */
export interface Datasets {
  build(request: DatasetRequest, onProgress: (share: number) => void, signal: AbortSignal): Promise<Dataset>;
}

/** A file in the object store, named by its content. */
export interface StoredFile {
  readonly path: string;
  readonly digest: string;
  readonly sizeBytes: bigint;
}

/** Files by digest; the object store. */
export interface Artifacts {
  put(path: string, content: Uint8Array): Promise<StoredFile>;
  read(digest: string): Promise<Uint8Array>;
  /** A local file with the verified content. */
  locate(digest: string): Promise<string>;
}

/** How a version came to be. */
export interface Provenance {
  readonly datasetDigest: string;
  readonly featureService: string;
  readonly featureServiceVersion: number;
  readonly viewVersions: Readonly<Record<string, number>>;
  readonly parametersJson: string;
  readonly codeCommit: string;
  readonly seed: bigint;
  readonly jobId: string;
}

export interface Proposal {
  readonly model: string;
  readonly files: readonly StoredFile[];
  readonly provenance: Provenance;
  readonly metrics: readonly Metric[];
}

/** The part of the registry that the trainer may use: it proposes and gives evidence; it moves nothing. */
export interface Registry {
  /** The version's digest. Idempotent on the content. */
  register(proposal: Proposal, signal: AbortSignal): Promise<string>;
  attachEvidence(model: string, digest: string, evidence: Evidence, signal: AbortSignal): Promise<void>;
  filesOf(model: string, digest: string, signal: AbortSignal): Promise<readonly StoredFile[]>;
}

/** What a training or an evaluation of one tenant works with. */
export interface Upstream {
  readonly datasets: Datasets;
  readonly artifacts: Artifacts;
  readonly registry: Registry;
}
