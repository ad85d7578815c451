import type { Scalar } from './features.ts';
import type { ServedFeatures } from './features.ts';

export type RecordKind = 'prediction' | 'refusal' | 'shadow';

/** What monitoring needs to know of a prediction. */
export interface PredictionFacts {
  readonly route: string;
  readonly model: string;
  readonly modelDigest: string;
  readonly variant: string;
  readonly asOfUs: bigint;
  readonly score: number;
  readonly featureNames: readonly string[];
  readonly featureValues: readonly Scalar[];
  /** Of the answer that the caller got, on shadow records. */
  readonly championScore?: number;
  /** The prediction that was mirrored, on shadow records: its label counts for them too. */
  readonly mirroredPredictionId?: string;
}

/** What is kept beside the commitment: enough to understand a prediction and to replay it. */
export interface PredictionPayload {
  readonly epoch: bigint;
  readonly bucket: number;
  readonly invariance: string;
  /** Rows that every batch of the version is filled up to; 0: as many as there are. */
  readonly invarianceRows: number;
  readonly batchSize: number;
  readonly inferRequest: Uint8Array;
  readonly inferResponse: Uint8Array;
  readonly features: ServedFeatures | undefined;
  readonly featureService: string;
  readonly featuresUs: number;
  readonly inferenceUs: number;
  readonly replica: string;
  readonly mirroredPredictionId?: string;
}

/** One record on its way to audit. Digests are taken over exactly these bytes. */
export interface GatewayRecord {
  readonly kind: RecordKind;
  /** UUID in text form: the prediction's id, or one of its own for a refusal. */
  readonly eventId: string;
  readonly tenant: string;
  readonly caller: string;
  readonly method: string;
  readonly request: Uint8Array;
  readonly answer: Uint8Array;
  readonly atUs: bigint;
  readonly facts: PredictionFacts | undefined;
  readonly payload: PredictionPayload | undefined;
  /** Reason of a refusal, UPPER_SNAKE. */
  readonly refusal?: string;
}

/** What audit had under the same id already. */
export interface ExistingRecord {
  /** Lower-case hex. */
  readonly requestSha256: string;
  /** Undefined where the payload policy kept none. */
  readonly answer: Uint8Array | undefined;
}
