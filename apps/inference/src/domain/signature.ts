import type { Datatype, Shape } from '@plumbline/tensors';

/** An input or output as the model declares it; −1 stands for a dimension of any size. */
export interface TensorSpec {
  readonly name: string;
  readonly datatype: Datatype;
  readonly shape: Shape;
  /** Of an output that the model declares as maps: what the columns are called, which become its last dimension. */
  readonly labels?: readonly string[];
}

/** What a model takes and gives, in the model's own order. */
export interface ModelSignature {
  readonly inputs: readonly TensorSpec[];
  readonly outputs: readonly TensorSpec[];
}

/**
 * True when rows of different requests may share a run: every input and output leads with a dimension of any
 * size. Whether answers then depend on the neighbours is for the invariance test to say.
 */
export function hasRows(signature: ModelSignature): boolean {
  return [...signature.inputs, ...signature.outputs].every(({ shape }) => shape[0] === -1);
}
