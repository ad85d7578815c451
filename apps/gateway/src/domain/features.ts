/** A scalar as it travels: null is NULL, bigint an integer, `timestampUs` an instant. */
export type Scalar = null | boolean | number | bigint | string | { readonly timestampUs: bigint };

/** What features are asked for. */
export interface EntityRequest {
  readonly keys: Readonly<Record<string, Scalar>>;
  readonly requestValues: Readonly<Record<string, Scalar>>;
  /** 0: now. */
  readonly asOfUs: bigint;
}

/** One served vector; the encoded forms go into the record as they are. */
export interface ServedFeatures {
  /** "view:feature". */
  readonly names: readonly string[];
  readonly values: readonly Scalar[];
  /** "PRESENT", "NULL_VALUE", "NOT_FOUND" or "OUTSIDE_MAX_AGE". */
  readonly statuses: readonly string[];
  readonly asOfUs: bigint;
  readonly serviceVersion: number;
  readonly entityRow: Uint8Array;
  readonly vector: Uint8Array;
}
