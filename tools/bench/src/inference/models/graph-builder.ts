import { AttributeProto_AttributeType as AttributeType } from '@plumbline/contract-onnx';
import { seededRandom, uniformFloats, type Random } from '../../statistics/random.ts';
import { floatConstant, int64Constant, type Attribute, type Constant, type Node } from './graph.ts';

/** A graph as it grows, node after node. Its methods answer the name of the tensor that they add. */
export class GraphBuilder {
  readonly nodes: Node[] = [];
  readonly constants: Constant[] = [];
  readonly #random: Random;

  /** The same seed and the same calls, the same weights. */
  constructor(seed: number) {
    this.#random = seededRandom(seed);
  }

  /** An operator over `inputs`; `output` where the tensor has a name of its own. */
  apply(
    opType: string,
    inputs: readonly string[],
    attribute: readonly Attribute[] = [],
    output = `tensor${this.nodes.length}`,
  ): string {
    this.nodes.push({ opType, input: [...inputs], output: [output], attribute: [...attribute] });
    return output;
  }

  /** FP32 uniform in [-scale, scale). */
  weights(dims: readonly number[], scale: number): string {
    const count = dims.reduce((product, dim) => product * dim, 1);
    return this.#constant((name) => floatConstant(name, dims, uniformFloats(count, scale, this.#random)));
  }

  /** FP32, every element `value`. */
  filled(dims: readonly number[], value: number): string {
    const count = dims.reduce((product, dim) => product * dim, 1);
    return this.#constant((name) => floatConstant(name, dims, new Float32Array(count).fill(value)));
  }

  /** INT64, e.g. the dimensions that Reshape takes. */
  integers(values: readonly number[]): string {
    return this.#constant((name) => int64Constant(name, values));
  }

  #constant(make: (name: string) => Constant): string {
    const name = `constant${this.constants.length}`;
    this.constants.push(make(name));
    return name;
  }
}

export function integer(name: string, value: number): Attribute {
  return { name, type: AttributeType.INT, i: BigInt(value) };
}

export function integers(name: string, values: readonly number[]): Attribute {
  return { name, type: AttributeType.INTS, ints: values.map(BigInt) };
}
