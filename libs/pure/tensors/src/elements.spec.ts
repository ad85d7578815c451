import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { tensorOf } from '../test/arbitraries.ts';
import { decodeElements, encodeElements, firstElement } from './elements.ts';
import { elementSizeBytes } from './datatype.ts';

const encoded =
  (datatype: Parameters<typeof encodeElements>[0], elements: readonly never[] | unknown[]) => () =>
    encodeElements(datatype, elements as never);

describe('encodeElements and decodeElements', () => {
  it('are inverse for every datatype, also at odd alignment', () => {
    fc.assert(
      fc.property(tensorOf(), fc.integer({ min: 0, max: 7 }), ({ datatype, elements, raw }, offset) => {
        const shifted = Buffer.concat([Buffer.alloc(offset), raw]).subarray(offset);
        expect(decodeElements(datatype, shifted)).toEqual(
          elements.map((element) => (element instanceof Uint8Array ? Buffer.from(element) : element)),
        );
        if (datatype !== 'BYTES') expect(raw.length).toBe(elements.length * elementSizeBytes(datatype));
      }),
    );
  });

  it('are little-endian', () => {
    expect([...encodeElements('INT32', [1])]).toEqual([1, 0, 0, 0]);
    expect([...encodeElements('FP32', [1])]).toEqual([0, 0, 128, 63]);
    expect([...encodeElements('BYTES', [Buffer.from('ab')])]).toEqual([2, 0, 0, 0, 97, 98]);
  });

  it.each([
    ['INT8', [128]],
    ['UINT8', [-1]],
    ['INT32', [1.5]],
    ['INT64', [2n ** 63n]],
    ['UINT64', [-1n]],
    ['BOOL', [1]],
    ['FP32', ['1']],
    ['BYTES', ['text']],
    ['INT16', [Number.NaN]],
  ] as const)('refuse %s of %p', (datatype, elements) => {
    expect(encoded(datatype, [...elements])).toThrow(expect.objectContaining({ name: 'TensorError' }));
  });

  it('name the element that is wrong', () => {
    expect(encoded('INT8', [1, 2, 300])).toThrow(expect.objectContaining({ field: 'elements[2]' }));
  });

  it('refuse raw bytes that do not divide into elements', () => {
    expect(() => decodeElements('FP64', new Uint8Array(12))).toThrow('do not divide');
    expect(() => decodeElements('BYTES', new Uint8Array([4, 0, 0, 0, 1]))).toThrow('longer than its tensor');
    expect(() => decodeElements('BYTES', new Uint8Array([4, 0]))).toThrow('length prefix');
  });
});

describe('firstElement', () => {
  it('is the first of all elements, and undefined for an empty tensor', () => {
    fc.assert(
      fc.property(tensorOf(), ({ datatype, raw }) => {
        expect(firstElement(datatype, raw)).toEqual(decodeElements(datatype, raw)[0]);
      }),
    );
  });

  it('is undefined where the bytes end within it', () => {
    expect(firstElement('FP64', new Uint8Array(7))).toBeUndefined();
    expect(firstElement('BYTES', new Uint8Array([4, 0, 0]))).toBeUndefined();
    expect(firstElement('BYTES', new Uint8Array([4, 0, 0, 0, 1]))).toBeUndefined();
  });
});
