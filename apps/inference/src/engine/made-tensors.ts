import type { TensorFacts } from './tensor-facts.ts';
import { UnsafeModel } from './unsafe-model.ts';

/** A tensor that a model makes out of nothing; masks and position tables stay far below. */
const MAX_MADE_BYTES = 2 ** 30;
const LARGEST_ELEMENT_BYTES = 8;
const FLOAT_BYTES = 4;

export interface AttributeFacts {
  readonly name: string;
  readonly tensor: TensorFacts | undefined;
  /** Of an attribute that is one whole number. */
  readonly integer: number | undefined;
  readonly integers: readonly number[];
}

export interface NodeFacts {
  readonly domain: string;
  readonly operator: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes: readonly AttributeFacts[];
}

/** Finds the nodes that make tensors whose shapes are part of the model, which a few bytes can declare of any size. */
export class MadeTensors {
  /** Elements of a tensor of a shape, by the name of the vector that holds the shape. */
  readonly #shapes = new Map<string, number>();
  readonly #made: { readonly operator: string; readonly shape: string; readonly elementBytes: number }[] = [];

  /** @throws UnsafeModel */
  noteNode({ operator, inputs, outputs, attributes }: NodeFacts): void {
    const [output = ''] = outputs;
    const value = attributes.find(({ name }) => name === 'value')?.tensor;
    if (operator === 'Constant' && value !== undefined) this.noteConstant({ ...value, name: output });
    if (operator === 'ConstantOfShape') {
      const elementBytes = value?.elementBytes ?? FLOAT_BYTES;
      this.#made.push({ operator, shape: inputs[0] ?? '', elementBytes });
    }
    for (const { name, integers } of attributes) {
      if (name === 'value_ints') this.#noteShape(output, integers);
      if (name === 'shape') checkMade(operator, product(integers) * LARGEST_ELEMENT_BYTES);
    }
  }

  noteConstant({ name, integers }: TensorFacts): void {
    if (integers !== undefined) this.#noteShape(name, integers);
  }

  /** To be called when all constants are known, which may stand behind the nodes. @throws UnsafeModel */
  check(): void {
    for (const { operator, shape, elementBytes } of this.#made) {
      checkMade(operator, (this.#shapes.get(shape) ?? 0) * elementBytes);
    }
  }

  /** A name may stand for one shape here and for another in a nested graph: the larger counts. */
  #noteShape(name: string, sizes: readonly number[]): void {
    this.#shapes.set(name, Math.max(product(sizes), this.#shapes.get(name) ?? 0));
  }
}

/** @throws UnsafeModel */
export function checkMade(what: string, sizeBytes: number): void {
  if (sizeBytes > MAX_MADE_BYTES) throw new UnsafeModel(`${what} makes a tensor of ${sizeBytes} bytes`);
}

/** A negative size is the engine's to refuse. */
export function product(sizes: readonly number[]): number {
  return sizes.reduce((count, size) => count * size, 1);
}
