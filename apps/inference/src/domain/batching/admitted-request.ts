/** A request that fits the model: what the batcher needs and no more. */
export interface AdmittedRequest {
  /** Rows of the leading dimension; 1 for a model without rows. */
  readonly rows: number;
  /** Raw elements in the order of the signature's inputs; views of the request. BYTES are as many as due, and text. */
  readonly inputs: readonly Uint8Array[];
  /** Shapes in the same order. */
  readonly shapes: readonly (readonly number[])[];
  /** Indexes of the wanted outputs in the signature, in the order asked for. */
  readonly outputs: readonly number[];
  /** Requests may share a batch when their keys are equal: the shapes without the leading dimension. */
  readonly bucket: string;
}
