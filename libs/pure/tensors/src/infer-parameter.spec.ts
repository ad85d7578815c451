import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { names } from '../test/arbitraries.ts';
import { encodeParameters, readParameters } from './infer-parameter.ts';

const value = fc.oneof(
  fc.boolean(),
  fc.bigInt({ min: -(2n ** 63n), max: 2n ** 64n - 1n }),
  names,
  fc.double(),
);

describe('encodeParameters', () => {
  it('is undone by readParameters', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(names, value), { maxLength: 5 }), (entries) => {
        const parameters = new Map(entries);
        expect(readParameters(encodeParameters(parameters))).toEqual(parameters);
      }),
    );
  });
});
