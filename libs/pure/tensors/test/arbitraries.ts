import fc from 'fast-check';
import { DATATYPES, elementCount, encodeElements, type Datatype, type Element } from '../src/index.ts';

/** A tensor with its elements in three forms: values, raw bytes, and the shape they fill. */
export interface SampleTensor {
  readonly name: string;
  readonly datatype: Datatype;
  readonly shape: number[];
  readonly elements: Element[];
  readonly raw: Buffer;
}

const ELEMENTS: Readonly<Record<Datatype, fc.Arbitrary<Element>>> = {
  BOOL: fc.boolean(),
  UINT8: fc.integer({ min: 0, max: 255 }),
  UINT16: fc.integer({ min: 0, max: 65535 }),
  UINT32: fc.integer({ min: 0, max: 2 ** 32 - 1 }),
  UINT64: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
  INT8: fc.integer({ min: -128, max: 127 }),
  INT16: fc.integer({ min: -32768, max: 32767 }),
  INT32: fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }),
  INT64: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
  FP16: fc.integer({ min: 0, max: 65535 }),
  BF16: fc.integer({ min: 0, max: 65535 }),
  FP32: fc.float(),
  FP64: fc.double(),
  BYTES: fc.uint8Array({ maxLength: 9 }),
};

export const names = fc.string({ unit: 'binary', maxLength: 60 });

export function tensorOf(datatypes: readonly Datatype[] = DATATYPES): fc.Arbitrary<SampleTensor> {
  return fc
    .tuple(names, fc.constantFrom(...datatypes), fc.array(fc.integer({ min: 0, max: 4 }), { maxLength: 3 }))
    .chain(([name, datatype, shape]) => {
      const count = elementCount(shape);
      return fc
        .array(ELEMENTS[datatype], { minLength: count, maxLength: count })
        .map((elements) => ({ name, datatype, shape, elements, raw: encodeElements(datatype, elements) }));
    });
}
