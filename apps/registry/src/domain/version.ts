import type { Evidence, ManifestFile, Measurement } from '@plumbline/release';

/** How a version came to be. */
export interface Provenance {
  readonly datasetDigest: string;
  readonly featureService: string;
  readonly featureServiceVersion: number;
  readonly viewVersions: Readonly<Record<string, number>>;
  /** Canonical JSON. */
  readonly parametersJson: string;
  readonly codeCommit: string;
  readonly seed: bigint;
  /** The training job; empty when none is known. */
  readonly jobId: string;
}

/** An immutable version of a model; its digest is its identity. */
export interface ModelVersion {
  readonly model: string;
  readonly digest: string;
  /** 1, 2, … per model. */
  readonly number: number;
  /** Sorted by path. */
  readonly files: readonly ManifestFile[];
  readonly provenance: Provenance;
  readonly metrics: readonly Measurement[];
  readonly registeredAtUs: bigint;
  readonly registeredBy: string;
}

export interface AttachedEvidence extends Evidence {
  readonly model: string;
  readonly version: string;
  readonly measuredAtUs: bigint;
  readonly attachedAtUs: bigint;
}

/** A version with what hangs on it. */
export interface DescribedVersion extends ModelVersion {
  /** Oldest first. */
  readonly evidence: readonly AttachedEvidence[];
  /** Aliases that point at it now, sorted. */
  readonly aliases: readonly string[];
}

export interface Models {
  /** True when the model is new. Unknown tenants are refused with TENANT_NOT_FOUND. */
  create(model: string, description: string, by: string, nowUs: bigint): Promise<boolean>;
  /** Locks the model until the transaction ends: everything that moves a model's aliases or rollouts does it first. */
  lock(model: string): Promise<boolean>;
  exists(model: string): Promise<boolean>;
  /** Next version number; call under the lock. */
  nextNumber(model: string): Promise<number>;
}

export interface Versions {
  byDigest(model: string, digest: string): Promise<ModelVersion | undefined>;
  byNumber(model: string, number: number): Promise<ModelVersion | undefined>;
  /** Numbers below `before`, newest first. */
  list(model: string, before: number, limit: number): Promise<ModelVersion[]>;
  insert(version: ModelVersion): Promise<void>;
}

export interface EvidenceLog {
  byId(id: string): Promise<AttachedEvidence | undefined>;
  /** Oldest first. */
  about(model: string, version: string): Promise<AttachedEvidence[]>;
  append(evidence: AttachedEvidence, by: string): Promise<void>;
}
