import { elementCount, elementSizeBytes, formatShape, type Datatype, type Shape } from '@plumbline/tensors';
import { restErrors } from '../errors.ts';
import {
  ELEMENT_READERS,
  ElementError,
  writtenBytes,
  type ElementReader,
  type ElementTarget,
} from './element-readers.ts';
import { CLOSE_ARRAY, COMMA, OPEN_ARRAY, isSpace } from './json-bytes.ts';
import type { DataRange } from './lift-data.ts';

export interface JsonTensor {
  /** Names the tensor in refusals: `inputs[0]`. */
  readonly field: string;
  readonly datatype: Datatype;
  readonly shape: Shape;
  readonly json: Buffer;
  readonly range: DataRange;
}

/**
 * Reads a tensor's elements from JSON into their raw form: row-major and either flat or nested as the shape says.
 * Works in slices, so that a large tensor does not hold up the thread.
 */
export class TensorReader {
  readonly #tensor: JsonTensor;
  readonly #target: ElementTarget;
  readonly #reader: ElementReader;
  readonly #sizeBytes: number;
  readonly #due: number;
  /** Entries due at each depth from the outermost array, and those that came. */
  readonly #dueAt: readonly number[];
  readonly #came: number[] = [];
  #at: number;
  #to = 0;
  #elements = 0;
  /** What may come: a first entry or the end, an entry, or a comma or the end. */
  #expects: 'first' | 'entry' | 'next' = 'first';

  /** @throws ServiceError TENSOR_DATA_INVALID where the shape has no count, or more elements than the JSON could hold */
  constructor(tensor: JsonTensor) {
    const { datatype, shape, range, json } = tensor;
    this.#tensor = tensor;
    this.#reader = ELEMENT_READERS[datatype];
    this.#sizeBytes = elementSizeBytes(datatype);
    this.#due = elementCount(shape);
    if (Number.isNaN(this.#due)) throw this.#refused(`the shape ${formatShape(shape)} has no element count`);
    // An element takes two bytes with its comma: checked before memory is taken on the word of the shape.
    const heldBytes = range.end - range.start;
    if (this.#due * 2 > heldBytes) throw this.#refused(this.#countProblem('fewer'));
    this.#dueAt = this.#nesting();
    const raw = Buffer.allocUnsafe(
      this.#sizeBytes === 0 ? this.#due * 4 + heldBytes : this.#due * this.#sizeBytes,
    );
    const view = new DataView(raw.buffer, raw.byteOffset, raw.byteLength);
    this.#target = { json, raw, view };
    this.#at = range.start + 1;
    this.#came.push(0);
  }

  /** The raw elements, once `read` has answered true. */
  get raw(): Buffer {
    return this.#target.raw.subarray(0, this.#to);
  }

  /**
   * Reads on for about `entries` elements and arrays; true when the tensor is whole.
   * @throws ServiceError TENSOR_DATA_INVALID naming the element
   */
  read(entries: number): boolean {
    try {
      for (let left = entries; left > 0 && this.#came.length > 0; left--) this.#entry();
    } catch (error) {
      throw error instanceof ElementError
        ? this.#refused(`element ${this.#elements}: ${error.message}`)
        : error;
    }
    return this.#came.length === 0;
  }

  /** One element or bracket, with the comma before it. */
  #entry(): void {
    const { json } = this.#target;
    let byte = this.#skipSpace();
    if (this.#expects === 'next' && byte === COMMA) {
      this.#expects = 'entry';
      this.#at++;
      byte = this.#skipSpace();
    } else if (this.#expects === 'next' && byte !== CLOSE_ARRAY) {
      throw new ElementError(`a comma is missing before ${json.toString('utf8', this.#at, this.#at + 16)}`);
    }
    if (byte === CLOSE_ARRAY && this.#expects !== 'entry') this.#close();
    else if (byte === OPEN_ARRAY) this.#open();
    else this.#element();
  }

  #element(): void {
    const depth = this.#came.length;
    if (depth !== this.#dueAt.length) throw new ElementError(this.#nestingProblem());
    if (this.#elements === this.#due) throw new ElementError(this.#countProblem('more'));
    this.#at = this.#reader.read(this.#target, this.#at, this.#to);
    this.#to += this.#sizeBytes === 0 ? writtenBytes(this.#target, this.#to) : this.#sizeBytes;
    this.#elements++;
    this.#came[depth - 1] = (this.#came[depth - 1] ?? 0) + 1;
    this.#expects = 'next';
  }

  #open(): void {
    const depth = this.#came.length;
    if (depth >= this.#dueAt.length) throw new ElementError(this.#nestingProblem());
    this.#came[depth - 1] = (this.#came[depth - 1] ?? 0) + 1;
    this.#came.push(0);
    this.#at++;
    this.#expects = 'first';
  }

  #close(): void {
    const due = this.#dueAt[this.#came.length - 1] ?? 0;
    const came = this.#came.pop() ?? 0;
    if (came !== due) {
      throw new ElementError(
        this.#dueAt.length === 1
          ? this.#countProblem(came < due ? 'fewer' : 'more')
          : `an array of ${came} where the shape ${formatShape(this.#tensor.shape)} has ${due}`,
      );
    }
    this.#at++;
    this.#expects = 'next';
  }

  #skipSpace(): number {
    const { json } = this.#target;
    while (isSpace(json[this.#at])) this.#at++;
    return json[this.#at] ?? 0;
  }

  /** Flat data counts every element in one array; nested data has an array per dimension. */
  #nesting(): readonly number[] {
    const { json, range, shape } = this.#tensor;
    let depth = 0;
    for (let at = range.start; json[at] === OPEN_ARRAY || isSpace(json[at]); at++)
      if (json[at] === OPEN_ARRAY) depth++;
    if (depth === 1) return [this.#due];
    if (depth === shape.length) return shape;
    throw this.#refused(this.#nestingProblem());
  }

  #nestingProblem(): string {
    return `data is neither flat nor nested as the shape ${formatShape(this.#tensor.shape)} says`;
  }

  #countProblem(which: 'fewer' | 'more'): string {
    return `${which} elements than the ${this.#due} of the shape ${formatShape(this.#tensor.shape)}`;
  }

  #refused(problem: string): Error {
    const field = `${this.#tensor.field}.data`;
    const description = `${field}: ${problem}`;
    return restErrors.TENSOR_DATA_INVALID(description, {
      fieldViolations: [{ field, description: problem }],
    });
  }
}
