import type { TensorFacts } from './tensor-facts.ts';

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

/** A tensor that follows from the model alone, as far as that is known without computing it. */
export interface Constant {
  /** At most. */
  readonly elements: number;
  /** Whether it has just as many. */
  readonly exact: boolean;
  /** Undefined where the shape is not known. */
  readonly dims: readonly number[] | undefined;
  readonly elementBytes: number;
  /** The elements of a short vector of 64-bit integers, as shapes are. */
  readonly integers: readonly number[] | undefined;
}

/** A negative size is the engine's to refuse. */
export function product(sizes: readonly number[]): number {
  return sizes.reduce((count, size) => count * size, 1);
}
