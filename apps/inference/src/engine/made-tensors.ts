import { isSizedByConstants, mostElements, shapeOf } from './constant-shapes.ts';
import { integersOf, valuesOf } from './constant-values.ts';
import { product, type Constant, type NodeFacts } from './constants.ts';
import { madeElementBytes } from './made-element-bytes.ts';
import type { TensorFacts } from './tensor-facts.ts';
import { UnsafeModel } from './unsafe-model.ts';

/** A tensor that a model makes out of constants; masks and position tables stay far below. */
const MAX_MADE_BYTES = 2 ** 30;
/** All of them together, beyond what may come of the model's own bytes: weights are cast and laid out anew. */
const MAX_TOTAL_BYTES = 4 * MAX_MADE_BYTES;
const MADE_OF_BYTE = 8;
const LARGEST_ELEMENT_BYTES = 8;
/** Operators whose results the engine never computes before a run, or that are not the engine's. */
const RUN_ALONE: ReadonlySet<string> = new Set([
  ...['If', 'Loop', 'Scan', 'SequenceMap', 'RandomNormal', 'RandomUniform'],
  ...['RandomNormalLike', 'RandomUniformLike', 'Multinomial', 'Bernoulli'],
]);
const DOMAINS: ReadonlySet<string> = new Set(['', 'ai.onnx', 'ai.onnx.ml']);

/**
 * Bounds what nodes make of constants alone, which a few bytes can declare of any size, and which the engine computes
 * while it opens the model. Nothing is computed here but short vectors of integers, as shapes are.
 */
export class MadeTensors {
  readonly #nodes: NodeFacts[] = [];
  readonly #constants = new Map<string, Constant>();

  /** @throws UnsafeModel */
  noteNode(node: NodeFacts): void {
    const shape = integersOf(node, 'shape');
    if (shape !== undefined) checkMade(node.operator, product(shape) * LARGEST_ELEMENT_BYTES);
    if (node.operator === 'Constant') this.#noteConstantNode(node);
    else this.#nodes.push(node);
  }

  noteConstant({ name, elements, dims, elementBytes, integers }: TensorFacts): void {
    this.#note(name, { elements, exact: true, dims, elementBytes, integers });
  }

  /**
   * To be called when all nodes and constants are known. Returns the operator whose result may be too large, where
   * that is not certain; undefined where there is none.
   * @throws UnsafeModel where it is.
   */
  check(modelBytes: number): string | undefined {
    const mostBytes = MAX_TOTAL_BYTES + MADE_OF_BYTE * modelBytes;
    let doubtful: string | undefined;
    let [certainBytes, possibleBytes] = [0, 0];
    for (const node of this.#nodes) {
      const made = this.#make(node);
      if (made === undefined) continue;
      const sizeBytes = made.elements * made.elementBytes;
      if (made.folded) {
        if (made.exact) checkMade(node.operator, sizeBytes);
        certainBytes += made.exact ? sizeBytes : 0;
        possibleBytes += sizeBytes;
        if (certainBytes > mostBytes) throw tooLarge(certainBytes, mostBytes);
      }
      if (sizeBytes > MAX_MADE_BYTES || possibleBytes > mostBytes) doubtful ??= node.operator;
    }
    return doubtful;
  }

  /** Undefined where a request decides on the size. */
  #make(node: NodeFacts): (Constant & { readonly folded: boolean }) | undefined {
    if (RUN_ALONE.has(node.operator) || !DOMAINS.has(node.domain)) return undefined;
    const inputs = node.inputs.map((name) => this.#constants.get(name));
    const folded = node.inputs.every((name, index) => name === '' || inputs[index] !== undefined);
    if (!folded && !isSizedByConstants(node, inputs)) return undefined;
    const made = resultOf(node, inputs);
    if (folded) for (const output of node.outputs) this.#note(output, made);
    return { ...made, folded };
  }

  #noteConstantNode(node: NodeFacts): void {
    const [name = ''] = node.outputs;
    const tensor = node.attributes.find((attribute) => attribute.name === 'value')?.tensor;
    if (tensor !== undefined) return this.noteConstant({ ...tensor, name });
    const list = integersOf(node, 'value_ints');
    const integer = node.attributes.find((attribute) => attribute.name === 'value_int')?.integer;
    const integers = list ?? (integer === undefined ? undefined : [integer]);
    const dims = list === undefined ? [] : [list.length];
    this.#note(name, { elements: product(dims), exact: true, dims, elementBytes: 8, integers });
  }

  /** A name may stand for one constant here and for another in a nested graph: then only a bound is known. */
  #note(name: string, constant: Constant): void {
    const known = this.#constants.get(name);
    const elements = Math.max(constant.elements, known?.elements ?? 0);
    const elementBytes = Math.max(constant.elementBytes, known?.elementBytes ?? 0);
    const bound = { elements, elementBytes, exact: false, dims: undefined, integers: undefined };
    this.#constants.set(name, known === undefined ? constant : bound);
  }
}

function resultOf(node: NodeFacts, inputs: readonly (Constant | undefined)[]): Constant {
  const dims = shapeOf(node, inputs);
  const elements = dims === undefined ? mostElements(node, inputs) : product(dims);
  return {
    ...{ elements, exact: dims !== undefined, dims, elementBytes: madeElementBytes(node, inputs) },
    integers: valuesOf(node, inputs, elements),
  };
}

function tooLarge(sizeBytes: number, mostBytes: number): UnsafeModel {
  return new UnsafeModel(
    `constants make tensors of ${sizeBytes} bytes together; at most ${mostBytes} are allowed for this model`,
  );
}

/** @throws UnsafeModel */
export function checkMade(what: string, sizeBytes: number): void {
  if (sizeBytes > MAX_MADE_BYTES) throw new UnsafeModel(`${what} makes a tensor of ${sizeBytes} bytes`);
}
