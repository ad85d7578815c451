import type { Datatype } from '@plumbline/tensors';

/** An input or output as config.pbtxt declares it: without the batch dimension; −1 stands for any size. */
export interface SuiteTensor {
  readonly name: string;
  readonly datatype: Datatype;
  readonly dims: readonly number[];
  /** Labels of the classes, by index: for classification. */
  readonly labels?: readonly string[];
  /** Of images: the order of their dimensions. */
  readonly format?: 'NCHW';
}

/** A model that checks call: what a Triton-layout repository holds of it. */
export interface SuiteModel {
  readonly name: string;
  /** ONNX bytes by version, from version 1 on. */
  readonly versions: readonly Uint8Array[];
  /** Most rows of a batch; 0: requests have no batch dimension. */
  readonly maxBatchSize: number;
  readonly inputs: readonly SuiteTensor[];
  readonly outputs: readonly SuiteTensor[];
  /** Further lines of config.pbtxt. */
  readonly settings?: readonly string[];
}
