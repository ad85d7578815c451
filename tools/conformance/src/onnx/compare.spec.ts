import { describe, expect, it } from '@jest/globals';
import { encodeElements, type Datatype, type Element } from '@plumbline/tensors';
import fc from 'fast-check';
import { difference } from './compare.ts';

const tensor = (
  datatype: Datatype,
  elements: readonly Element[],
  shape: readonly number[] = [elements.length],
) => ({
  datatype,
  shape,
  raw: encodeElements(datatype, elements),
});

describe('the comparison of outputs', () => {
  it('finds floats close that differ by a relative thousandth or an absolute ten-millionth', () => {
    expect(difference(tensor('FP64', [1000.9, 9e-8]), tensor('FP64', [1000, 0]))).toBeUndefined();
    expect(difference(tensor('FP64', [1001.1]), tensor('FP64', [1000]))).toBe(
      'is 1001.1 at element 0, not 1000',
    );
    expect(difference(tensor('FP64', [0, 2e-7]), tensor('FP64', [0, 0]))).toMatch(/at element 1/);
  });

  it('finds NaN equal to NaN, and an infinity only to itself', () => {
    expect(difference(tensor('FP32', [NaN, Infinity]), tensor('FP32', [NaN, Infinity]))).toBeUndefined();
    expect(difference(tensor('FP32', [1e30]), tensor('FP32', [Infinity]))).toMatch(/element 0/);
    expect(difference(tensor('FP32', [NaN]), tensor('FP32', [0]))).toMatch(/element 0/);
  });

  it('reads half and brain floats by their bits', () => {
    expect(difference(tensor('FP16', [0x3c01]), tensor('FP16', [0x3c00]))).toBeUndefined();
    expect(difference(tensor('FP16', [0x3c10]), tensor('FP16', [0x3c00]))).toMatch(/not 1$/);
    expect(difference(tensor('BF16', [0x3f80]), tensor('BF16', [0x3f80]))).toBeUndefined();
    expect(difference(tensor('BF16', [0x3f81]), tensor('BF16', [0x3f80]))).toMatch(/not 1$/);
  });

  it('compares datatype and shape before elements', () => {
    expect(difference(tensor('FP64', [1]), tensor('FP32', [1]))).toBe('is FP64, not FP32');
    expect(difference(tensor('INT32', [1, 2], [2, 1]), tensor('INT32', [1, 2]))).toMatch(
      /shape \[2,1\], not \[2\]/,
    );
  });

  it('finds integers different however close they are', () => {
    fc.assert(
      fc.property(
        fc.array(fc.bigInt(-(2n ** 63n), 2n ** 63n - 2n), { minLength: 1 }),
        fc.nat(),
        (elements, at) => {
          const index = at % elements.length;
          const other = elements.with(index, elements[index]! + 1n);
          expect(difference(tensor('INT64', elements), tensor('INT64', elements))).toBeUndefined();
          expect(difference(tensor('INT64', other), tensor('INT64', elements))).toBe('has other elements');
        },
      ),
    );
  });
});
